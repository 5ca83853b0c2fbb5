/// The spellings of a verb's options, and which of them take a value.
///
/// ArgumentParser knows them too, but only after it has built its tree: arguments are cut into options and words before
/// that, as users of Docker write them (see ``CanonicalArguments``). A test holds the two against each other.
package struct OptionNames {
    package struct Entry: Equatable {
        /// The long name, without dashes.
        package let name: String
        package let takesValue: Bool
        /// Whether each time that it stands counts, and not the last one alone.
        package let isRepeatable: Bool
    }

    /// A hundred at most, looked through from the front: a dictionary would take longer to fill than it saves.
    private var entries: [(spelling: String, entry: Entry)] = []

    /// - Parameters:
    ///   - flags: options without a value: the long name, then other spellings after spaces (`"detach d"`).
    ///   - values: options with one, of which the last counts.
    ///   - lists: options with one that may stand several times.
    package init(flags: [String] = [], values: [String] = [], lists: [String] = []) {
        entries.reserveCapacity(2 * (flags.count + values.count + lists.count))
        for spelling in flags { add(spelling, takesValue: false) }
        for spelling in values { add(spelling, takesValue: true) }
        for spelling in lists { add(spelling, takesValue: true, isRepeatable: true) }
    }

    private mutating func add(_ spellings: String, takesValue: Bool, isRepeatable: Bool = false) {
        guard spellings.utf8.contains(0x20) else {
            entries.append((spellings, Entry(name: spellings, takesValue: takesValue, isRepeatable: isRepeatable)))
            return
        }
        let parts = spellings.split(separator: " ")
        guard let first = parts.first else { return }
        let entry = Entry(name: String(first), takesValue: takesValue, isRepeatable: isRepeatable)
        for part in parts { entries.append((String(part), entry)) }
    }

    /// The option of a long name or a letter.
    package subscript(spelling: String) -> Entry? { entries.first { $0.spelling == spelling }?.entry }

    /// Every option, by its long name.
    package var all: [Entry] { entries.filter { $0.spelling == $0.entry.name }.map(\.entry) }

    /// Every spelling of more than one letter.
    package var longSpellings: [String] { entries.map(\.spelling).filter { $0.count > 1 } }

    /// Every spelling of one letter.
    package var letters: [String] { entries.map(\.spelling).filter { $0.count == 1 } }

    package static func + (left: OptionNames, right: OptionNames) -> OptionNames {
        var sum = left
        sum.entries += right.entries
        return sum
    }
}
