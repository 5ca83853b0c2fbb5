/// Finds what somebody may have meant.
public enum NearestName {
    /// Those of `names` that differ from `text` in few letters for its length, or begin with it, ignoring case; the nearest
    /// first, at most three.
    ///
    /// One letter in three may be wrong. Of words of less than five letters nearly any is like any other: there a letter may be
    /// missing or too many, but none may stand for another that the name does not have. Hyphens do not count.
    public static func suggestions(for text: String, among names: [String]) -> [String] {
        let wanted = Array(text.lowercased().utf8)
        let letters = count(wanted)
        let limit = max(1, letters / 3)
        let ranked = names.compactMap { name -> (Int, String)? in
            let candidate = Array(name.lowercased().utf8)
            let begins =
                !wanted.isEmpty && (candidate.starts(with: wanted) || isMostOf(wanted, candidate))
            // Letters in another order are a slip of the hand.
            let isMixedUp = wanted.count > 1 && wanted.sorted() == candidate.sorted()
            let distance = begins || isMixedUp ? 1 : editDistance(wanted, candidate)
            let isAnother = letters < 5 && wanted.count == candidate.count && Set(wanted) != Set(candidate)
            return distance <= limit && !isAnother ? (distance, name) : nil
        }
        return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(3).map(\.1)
    }

    /// Whether a text begins with a name, and goes on with less than that.
    private static func isMostOf(_ wanted: [UInt8], _ candidate: [UInt8]) -> Bool {
        let letters = count(candidate)
        return letters > 3 && wanted.starts(with: candidate) && count(wanted) < letters * 2
    }

    private static func count(_ word: [UInt8]) -> Int { word.count { $0 != UInt8(ascii: "-") } }

    /// How many letters must be added, removed or exchanged (Levenshtein's distance).
    static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let cost = left == right ? diagonal : diagonal + 1
                diagonal = row[j + 1]
                row[j + 1] = min(cost, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
