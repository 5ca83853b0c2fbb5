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
        var spelling = spelling
        return spelling.withUTF8 { one in
            for group in groups {
                for spellings in group.spellings where Self.has(spellings, one) { return group.entry(spellings) }
            }
            return nil
        }
    }

    /// By their bytes: views of strings cost ten times as much, with a hundred options to pass by.
    private static func has(_ spellings: String, _ one: UnsafeBufferPointer<UInt8>) -> Bool {
        var spellings = spellings
        return spellings.withUTF8 { bytes in
            var begin = 0
            while begin < bytes.count {
                var (end, isSame) = (begin, true)
                while end < bytes.count, bytes[end] != 0x20 {
                    isSame = isSame && end - begin < one.count && bytes[end] == one[end - begin]
                    end += 1
                }
                if isSame, end - begin == one.count { return true }
                begin = end + 1
            }
            return false
        }
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
