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

    /// Options as they were written, of one kind.
    private struct Group {
        let spellings: [String]
        let takesValue: Bool
        let isRepeatable: Bool

        func entry(_ spellings: String) -> Entry {
            Entry(name: String(spellings.prefix { $0 != " " }), takesValue: takesValue, isRepeatable: isRepeatable)
        }
    }

    /// A start looks up two or three of a hundred, so nothing is made of the others: cutting them all into entries takes 2 %
    /// of it.
    private var groups: [Group]

    /// - Parameters:
    ///   - flags: options without a value: the long name, then other spellings after spaces (`"detach d"`).
    ///   - values: options with one, of which the last counts.
    ///   - lists: options with one that may stand several times.
    package init(flags: [String] = [], values: [String] = [], lists: [String] = []) {
        groups = [
            Group(spellings: flags, takesValue: false, isRepeatable: false),
            Group(spellings: values, takesValue: true, isRepeatable: false),
            Group(spellings: lists, takesValue: true, isRepeatable: true),
        ]
    }

    /// The option of a long name or a letter.
    package subscript(spelling: String) -> Entry? {
        for group in groups {
            for spellings in group.spellings where Self.has(spellings.utf8, spelling.utf8) {
                return group.entry(spellings)
            }
        }
        return nil
    }

    private static func has(_ spellings: String.UTF8View, _ one: String.UTF8View) -> Bool {
        var rest = spellings[...]
        while !rest.isEmpty {
            let word = rest.prefix { $0 != 0x20 }
            if word.elementsEqual(one) { return true }
            rest = rest.dropFirst(word.count + 1)
        }
        return false
    }

    /// Every option, by its long name.
    package var all: [Entry] { groups.flatMap { group in group.spellings.map { group.entry($0) } } }

    private var everySpelling: [String] {
        groups.flatMap { $0.spellings.flatMap { $0.split(separator: " ").map(String.init) } }
    }

    /// Every spelling of more than one letter.
    package var longSpellings: [String] { everySpelling.filter { $0.count > 1 } }

    /// Every spelling of one letter.
    package var letters: [String] { everySpelling.filter { $0.count == 1 } }

    package static func + (left: OptionNames, right: OptionNames) -> OptionNames {
        var sum = left
        sum.groups += right.groups
        return sum
    }
}
