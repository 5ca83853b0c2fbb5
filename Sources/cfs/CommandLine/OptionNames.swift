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

    /// As they were written. A start looks up two or three of a hundred, so nothing is made of the others: cutting them all
    /// into entries takes 2 % of it.
    private var groups: [(spellings: [String], takesValue: Bool)]

    /// - Parameters:
    ///   - flags: options without a value: the long name, then other spellings after spaces (`"detach d"`).
    ///   - values: options with one.
    init(flags: [String] = [], values: [String] = []) { groups = [(flags, false), (values, true)] }

    /// The option of a long name or a letter.
    subscript(spelling: String) -> Entry? {
        for group in groups {
            for spellings in group.spellings where Self.has(spellings.utf8, spelling.utf8) {
                return Entry(name: String(spellings.prefix { $0 != " " }), takesValue: group.takesValue)
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

    private var all: [String] { groups.flatMap { $0.spellings.flatMap { $0.split(separator: " ").map(String.init) } } }

    /// Every spelling of more than one letter.
    var longSpellings: [String] { all.filter { $0.count > 1 } }

    /// Every spelling of one letter.
    var letters: [String] { all.filter { $0.count == 1 } }

    static func + (left: OptionNames, right: OptionNames) -> OptionNames {
        var sum = left
        sum.groups += right.groups
        return sum
    }
}
