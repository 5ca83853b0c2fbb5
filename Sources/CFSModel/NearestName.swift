/// Finds what somebody may have meant.
public enum NearestName {
    /// Those of `names` that differ from `text` in few letters, or begin with it, ignoring case; the nearest first, at
    /// most three.
    public static func suggestions(for text: String, among names: [String]) -> [String] {
        let wanted = Array(text.lowercased().utf8)
        // Of two short words nearly any is like any other.
        let letters = wanted.count { $0 != UInt8(ascii: "-") }
        let limit = letters < 4 ? 1 : max(2, letters / 3)
        let ranked = names.compactMap { name -> (Int, String)? in
            let candidate = Array(name.lowercased().utf8)
            let begins =
                !wanted.isEmpty
                && (candidate.starts(with: wanted)
                    || candidate.count { $0 != UInt8(ascii: "-") } > 3 && wanted.starts(with: candidate))
            // Letters in another order are a slip of the hand.
            let isMixedUp = wanted.count > 1 && wanted.sorted() == candidate.sorted()
            let distance = begins || isMixedUp ? 1 : editDistance(wanted, candidate)
            return distance <= limit ? (distance, name) : nil
        }
        return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(3).map(\.1)
    }

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
