import CFSModel

/// One option of a command, as callers of OCI runtimes write them: `--name value`, `--name=value`, with one dash or two.
struct RuntimeOption: Sendable {
    enum Kind: Sendable { case flag, value, list }

    let names: [String]
    let kind: Kind
    /// What stands for the value in the help.
    let placeholder: String
    let help: String

    static func flag(_ names: String..., help: String) -> RuntimeOption {
        RuntimeOption(names: names, kind: .flag, placeholder: "", help: help)
    }
    static func value(_ names: String..., placeholder: String, help: String) -> RuntimeOption {
        RuntimeOption(names: names, kind: .value, placeholder: placeholder, help: help)
    }
    static func list(_ names: String..., placeholder: String, help: String) -> RuntimeOption {
        RuntimeOption(names: names, kind: .list, placeholder: placeholder, help: help)
    }
}

/// The words of a command line, taken apart. Options end at the first word that is none, or at `--`: what follows may be the
/// command of a container.
struct RuntimeArguments {
    private var values: [(name: String, value: String)] = []
    private(set) var rest: [String] = []

    init(_ words: [String], _ options: [RuntimeOption]) throws(CFSError) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "--" { break }
            guard word.hasPrefix("-"), word != "-" else {
                index -= 1
                break
            }
            let body = word.hasPrefix("--") ? word.dropFirst(2) : word.dropFirst(1)
            let name = String(body.prefix { $0 != "=" })
            let given = body.count > name.count ? String(body.dropFirst(name.count + 1)) : nil
            guard let option = options.first(where: { $0.names.contains(name) }) else {
                throw Self.fault("flag provided but not defined: -\(name)")
            }
            if option.kind == .flag {
                guard given == nil || ["true", "false", "1", "0", "t", "f"].contains(given) else {
                    throw Self.fault("invalid boolean value \"\(given ?? "")\" for -\(name)")
                }
                values.append((option.names[0], given.map { ["true", "1", "t"].contains($0) } ?? true ? "1" : ""))
                continue
            }
            if let given {
                values.append((option.names[0], given))
            } else {
                guard index < words.count else { throw Self.fault("flag needs an argument: -\(name)") }
                values.append((option.names[0], words[index]))
                index += 1
            }
        }
        rest = Array(words[index...])
    }

    static func fault(_ text: String) -> CFSError {
        CFSError(.invalidArgument, .parsing, text, hint: "cfs-runtime COMMAND --help lists the options")
    }

    /// The last value of an option; nil when it was not given. By its first name.
    subscript(_ name: String) -> String? { values.last { $0.name == name }?.value }

    func has(_ name: String) -> Bool { self[name]?.isEmpty == false }

    func list(_ name: String) -> [String] { values.filter { $0.name == name }.map(\.value) }

    /// A whole number of an option.
    func number<Number: FixedWidthInteger>(_ name: String, _ type: Number.Type) throws(CFSError) -> Number? {
        guard let text = self[name] else { return nil }
        guard let number = Number(text) else { throw Self.fault("invalid value \"\(text)\" for -\(name)") }
        return number
    }
}
