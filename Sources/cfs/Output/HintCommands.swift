import CFSOptions
import Synchronization

/// The commands that hints name, as they are typed for the engine of this command line.
enum HintCommands {
    /// The options that say which engine that is, as they were given; empty when the environment says it, or nothing does.
    private static let options = Mutex<[String]>([])

    /// Takes over the options of a verb.
    static func adopt(_ arguments: CanonicalArguments) {
        let given: [String] = ["root", "run"].flatMap { option in
            arguments.value(option).map { ["--\(option)", $0] } ?? []
        }
        options.withLock { $0 = given }
    }

    static func text(_ hint: String) -> String { text(hint, options.withLock { $0 }) }

    /// The hint, with these options in each of its commands.
    static func text(_ hint: String, _ options: [String]) -> String {
        guard !options.isEmpty else { return hint }
        let words = ShellWords.join(options)
        var told = ""
        var rest = hint[...]
        while let name = rest.firstRange(of: "cfs ") {
            let isWord = rest[..<name.lowerBound].last.map { " `(".contains($0) } ?? true
            told += rest[..<name.upperBound]
            rest = rest[name.upperBound...]
            if isWord, isCommand(rest) { told += words + " " }
        }
        return told + rest
    }

    /// Whether a verb of ours follows, and not a sentence about cfs. Help is the same for every engine.
    private static func isCommand(_ text: Substring) -> Bool {
        let words = text.prefix { !"`,;()".contains($0) }.split(separator: " ").map(String.init)
        guard let first = words.first, !words.contains("--help") else { return false }
        guard Verbs.groups.contains(first) else { return Verbs.find(nil, first) != nil }
        return words.count > 1 && Verbs.find(first, words[1]) != nil
    }
}
