import CFSCore

/// Arguments in the one form that leaves ArgumentParser nothing to guess: `--name=value` for every option, then `--`, then
/// the words.
///
/// Docker's users write `-it`, `-eKEY=VALUE`, `--rm=false` and `--entrypoint ""`, and whatever stands behind the image
/// belongs to the command, also `---` and `-=`, which ArgumentParser refuses wherever they stand.
package struct CanonicalArguments: Equatable {
    /// Long names without dashes, in the order of the command line; a flag has no value.
    package struct Option: Equatable {
        package let name: String
        package let value: String?
    }

    package private(set) var options: [Option] = []
    package private(set) var words: [String] = []
    /// Whether help was asked for before the words of a command began.
    package private(set) var asksForHelp = false

    /// What ArgumentParser is given.
    package var all: [String] {
        if asksForHelp { return ["--help"] }
        var all: [String] = []
        for option in options {
            switch option.value {
            case nil: all.append("--\(option.name)")
            // ArgumentParser takes `--name=` for an option whose value is the next argument.
            case "": all += ["--\(option.name)", ""]
            case let value?: all.append("--\(option.name)=\(value)")
            }
        }
        return all + ["--"] + words
    }

    /// Whether a flag is set.
    package func has(_ name: String) -> Bool { options.contains { $0.name == name } }

    /// The value of an option, the last one where it stands several times.
    package func value(_ name: String) -> String? { options.last { $0.name == name }?.value }

    /// All values of an option that may stand several times.
    package func values(_ name: String) -> [String] { options.filter { $0.name == name }.compactMap(\.value) }

    /// The word at a place.
    ///
    /// - Throws: `.invalidArgument` when there are fewer.
    package func word(_ index: Int, _ name: String, verb: String) throws(CFSError) -> String {
        if index < words.count { return words[index] }
        throw CFSError(
            .invalidArgument, .parsing, "missing expected argument '<\(name)>'", hint: "see cfs \(verb) --help")
    }

    /// - Parameters:
    ///   - names: the options of the verb.
    ///   - optionsEndAtFirstWord: whether everything behind the first word is a word.
    ///   - verb: as the user wrote it, for errors.
    /// - Throws: `.invalidArgument` for an unknown option, a missing value or one too many.
    package init(
        _ arguments: ArraySlice<String>, _ names: OptionNames, optionsEndAtFirstWord: Bool, verb: String
    ) throws(CFSError) {
        var rest = arguments
        while let argument = rest.popFirst(), !asksForHelp {
            if argument == "--" {
                words += rest
                return
            }
            if argument.hasPrefix("--") {
                try readLong(argument.dropFirst(2), names, verb, &rest)
            } else if argument.hasPrefix("-"), argument != "-" {
                try readLetters(argument.dropFirst(), names, verb, &rest)
            } else {
                words.append(argument)
                if optionsEndAtFirstWord {
                    words += rest
                    return
                }
            }
        }
    }

    private mutating func readLong(
        _ text: Substring, _ names: OptionNames, _ verb: String, _ rest: inout ArraySlice<String>
    ) throws(CFSError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let spelling = String(parts[0])
        let value = parts.count == 2 ? String(parts[1]) : nil
        if spelling == "help" {
            asksForHelp = true
            return
        }
        guard let option = names[spelling], spelling.count > 1 else {
            if spelling == "host" {
                throw CFSError(
                    .invalidArgument, .parsing, "--host stands before the command",
                    hint: "write cfs --host unix:///run/cfs/cfsd.sock, and then the command")
            }
            if names["memory"] != nil, let absent = AbsentLimits.error(spelling) { throw absent }
            if names["listen"] != nil, spelling == "port" {
                throw CFSError(
                    .invalidArgument, .parsing, "unknown option --port",
                    hint: "write --listen 8080, or --listen 127.0.0.1:8080")
            }
            throw Self.unknown("--\(spelling)", among: names.longSpellings.map { "--\($0)" }, verb)
        }
        if option.takesValue {
            guard let value = value ?? rest.popFirst() else { throw Self.missing("--\(spelling)", verb) }
            options.append(Option(name: option.name, value: value))
        } else {
            try append(flag: option.name, value, "--\(spelling)", names)
        }
    }

    private mutating func readLetters(
        _ text: Substring, _ names: OptionNames, _ verb: String, _ rest: inout ArraySlice<String>
    ) throws(CFSError) {
        var letters = text
        while let letter = letters.popFirst() {
            guard let option = names["\(letter)"] else {
                if letter == "h" {
                    asksForHelp = true
                    return
                }
                // `-name` is a slip that deserves the long name as an answer.
                let long = names[String(text)].map { ["--\($0.name)"] } ?? []
                if long.isEmpty, names["memory"] != nil, let absent = AbsentLimits.error(letter: letter) {
                    throw absent
                }
                throw Self.unknown("-\(letter)", among: long, verb, sure: !long.isEmpty)
            }
            let attached = letters.first == "=" ? letters.dropFirst() : letters
            if option.takesValue {
                let joined = letters.isEmpty ? nil : String(attached)
                guard let value = joined ?? rest.popFirst() else { throw Self.missing("-\(letter)", verb) }
                options.append(Option(name: option.name, value: value))
                return
            }
            guard letters.first == "=" else {
                try append(flag: option.name, nil, "-\(letter)", names)
                continue
            }
            try append(flag: option.name, String(attached), "-\(letter)", names)
            return
        }
    }

    private mutating func append(
        flag name: String, _ value: String?, _ spelling: String, _ names: OptionNames
    ) throws(CFSError) {
        switch value {
        case nil, "true", "1": options.append(Option(name: name, value: nil))
        case "false", "0":
            options.removeAll { $0.name == name }
            // Of what is on by itself, the option that switches it off.
            if names["no-\(name)"] != nil { options.append(Option(name: "no-\(name)", value: nil)) }
        case let value?:
            throw CFSError(
                .invalidArgument, .parsing, "\(spelling) is on or off: it does not take \"\(value)\"",
                hint: "write \(spelling), or \(spelling)=false")
        }
    }

    /// Why there is no option of this long name, where that has a reason.
    package static func absent(_ name: String) -> CFSError? { AbsentLimits.error(name) }

    private static func unknown(_ option: String, among names: [String], _ verb: String, sure: Bool = false) -> CFSError
    {
        let near = sure ? names : NearestName.suggestions(for: option, among: names)
        return CFSError(
            .invalidArgument, .parsing, "unknown option \(option)",
            hint: near.isEmpty ? "see cfs \(verb) --help" : "did you mean \(near.joined(separator: " or "))?")
    }

    private static func missing(_ option: String, _ verb: String) -> CFSError {
        CFSError(.invalidArgument, .parsing, "the option \(option) needs a value", hint: "see cfs \(verb) --help")
    }
}
