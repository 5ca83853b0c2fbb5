import CFSCore

/// What the arguments ask for, before any option of a verb is read.
enum Invocation {
    /// A verb with its arguments; options of the engine that stood before it come first.
    case verb(any Verb.Type, name: String, arguments: [String])
    /// Help, a completion script, or a group without a verb: ArgumentParser answers.
    case help([String])
    case version

    /// - Throws: `.invalidArgument` for an unknown verb or option.
    init(_ arguments: [String]) throws(CFSError) {
        var rest = arguments[...]
        var engineOptions: [String] = []
        var group: String?
        // The completion scripts of ArgumentParser call back with three dashes.
        if arguments.first?.hasPrefix("---") ?? false {
            self = .help(arguments)
            return
        }
        while let argument = rest.popFirst() {
            if argument.hasPrefix("-"), argument != "-" {
                switch argument {
                case "--version", "-v":
                    self = .version
                    return
                case "--help", "-h":
                    self = .help((group.map { [$0] } ?? []) + ["--help"])
                    return
                case _ where argument.hasPrefix("--generate-completion-script"):
                    self = .help([argument] + rest)
                    return
                default: engineOptions += try Self.engineOption(argument, &rest)
                }
                continue
            }
            if argument == "help", group == nil {
                self = .help([argument] + (try Self.helpWords(rest)))
                return
            }
            if let verb = Verbs.find(group, argument) {
                let name = group.map { "\($0) \(argument)" } ?? argument
                self = .verb(verb, name: name, arguments: engineOptions + rest)
                return
            }
            guard group == nil, Verbs.groups.contains(argument) else { throw Self.unknown(argument, group) }
            group = argument
        }
        self = .help(group.map { [$0] } ?? [])
    }

    private static func engineOption(_ argument: String, _ rest: inout ArraySlice<String>) throws(CFSError) -> [String]
    {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0].drop { $0 == "-" })
        guard argument.hasPrefix("--"), GlobalOptions.optionNames[name] != nil else {
            let known = GlobalOptions.optionNames.longSpellings + ["help", "version", "host"]
            let near = NearestName.suggestions(for: name, among: known)
            throw CFSError(
                .invalidArgument, .parsing, "unknown option \(parts[0])",
                hint: near.isEmpty
                    ? "options of a command stand behind it: cfs run --rm IMAGE"
                    : "did you mean \(near.map { "--\($0)" }.joined(separator: " or "))?")
        }
        if parts.count == 2 { return [argument] }
        guard let value = rest.popFirst() else {
            throw CFSError(.invalidArgument, .parsing, "the option \(argument) needs a value", hint: "see cfs --help")
        }
        return [argument, value]
    }

    /// The verb that help is wanted for, when there is one.
    private static func helpWords(_ arguments: ArraySlice<String>) throws(CFSError) -> [String] {
        let words = arguments.filter { !$0.hasPrefix("-") }.prefix(2)
        guard let first = words.first else { return [] }
        if Verbs.find(nil, first) != nil { return [first] }
        guard Verbs.groups.contains(first) else { throw unknown(first, nil) }
        guard words.count == 2 else { return [first] }
        guard Verbs.find(first, words[1]) != nil else { throw unknown(words[1], first) }
        return Array(words)
    }

    private static func unknown(_ name: String, _ group: String?) -> CFSError {
        let prefix = group.map { "cfs \($0)" } ?? "cfs"
        let near = NearestName.suggestions(for: name, among: Verbs.names(in: group)).filter {
            ForeignVerbs.isSlip(name, of: $0)
        }
        let hint =
            if let foreign = ForeignVerbs.hint(name, group) {
                foreign
            } else {
                near.isEmpty ? "see \(prefix) --help" : "did you mean \(prefix) \(near.joined(separator: " or "))?"
            }
        return CFSError(.invalidArgument, .parsing, "unknown command \"\(name)\"", hint: hint)
    }
}
