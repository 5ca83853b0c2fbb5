/// The spellings of a verb's options, and which of them take a value.
///
/// ArgumentParser knows them too, but only after it has built its tree: arguments are cut into options and words before
/// that, as users of Docker write them (see ``CanonicalArguments``). A test holds the two against each other.
struct OptionNames {
    struct Entry: Equatable {
        /// The long name, without dashes.
        let name: String
        let takesValue: Bool
    }

    /// A hundred at most, looked through from the front: a dictionary would take longer to fill than it saves.
    private var entries: [(spelling: String, entry: Entry)] = []

    /// - Parameters:
    ///   - flags: options without a value: the long name, then other spellings after spaces (`"detach d"`).
    ///   - values: options with one.
    init(flags: [String] = [], values: [String] = []) {
        entries.reserveCapacity(2 * (flags.count + values.count))
        for spelling in flags { add(spelling, takesValue: false) }
        for spelling in values { add(spelling, takesValue: true) }
    }

    private mutating func add(_ spellings: String, takesValue: Bool) {
        guard spellings.utf8.contains(0x20) else {
            entries.append((spellings, Entry(name: spellings, takesValue: takesValue)))
            return
        }
        let parts = spellings.split(separator: " ")
        guard let first = parts.first else { return }
        let entry = Entry(name: String(first), takesValue: takesValue)
        for part in parts { entries.append((String(part), entry)) }
    }

    /// The option of a long name or a letter.
    subscript(spelling: String) -> Entry? { entries.first { $0.spelling == spelling }?.entry }

    /// Every spelling of more than one letter.
    var longSpellings: [String] { entries.map(\.spelling).filter { $0.count > 1 } }

    /// Every spelling of one letter.
    var letters: [String] { entries.map(\.spelling).filter { $0.count == 1 } }

    static func + (left: OptionNames, right: OptionNames) -> OptionNames {
        var sum = left
        sum.entries += right.entries
        return sum
    }
}
