import CFSModel

/// One change of what an image says about running it, as a line of a Dockerfile says it.
public enum ImageChange: Sendable, Hashable {
    case command([String])
    case entrypoint([String])
    /// `KEY=VALUE` each.
    case environment([String])
    case workingDirectory(String)
    /// `user[:group]`.
    case user(String)
    case labels([String: String])
    /// `80/tcp` each.
    case expose([String])
    case volumes([String])
    case stopSignal(String)

    /// Reads `CMD`, `ENTRYPOINT`, `ENV`, `WORKDIR`, `USER`, `LABEL`, `EXPOSE`, `VOLUME` or `STOPSIGNAL` with its values.
    ///
    /// - Throws: `invalidArgument` for another word, and for values that it does not take.
    public init(parsing line: String) throws(CFSError) {
        let line = ImageChangeLine(line)
        switch line.word {
        case "CMD": self = .command(try line.command())
        case "ENTRYPOINT": self = .entrypoint(try line.command())
        case "ENV": self = .environment(try line.pairs().map { "\($0)=\($1)" })
        case "LABEL": self = .labels(Dictionary(try line.pairs()) { $1 })
        case "WORKDIR":
            let path = try line.text()
            guard path.hasPrefix("/") else { throw line.refused("an absolute path", "WORKDIR /srv") }
            self = .workingDirectory(path)
        case "USER": self = .user(try line.text())
        case "EXPOSE": self = .expose(try line.ports())
        case "VOLUME":
            let paths = try line.list()
            guard paths.allSatisfy({ $0.hasPrefix("/") }) else { throw line.refused("absolute paths", "VOLUME /data") }
            self = .volumes(paths)
        case "STOPSIGNAL":
            let name = try line.text()
            _ = try Signal.number(name)
            self = .stopSignal(name)
        default:
            throw CFSError(
                .invalidArgument, .parsing, "a change cannot begin with \"\(line.word.prefix(100))\"",
                hint: "use CMD, ENTRYPOINT, ENV, WORKDIR, USER, LABEL, EXPOSE, VOLUME or STOPSIGNAL")
        }
    }

    func apply(to configuration: inout ImageRecord.Configuration) {
        switch self {
        case .command(let words): configuration.command = words
        case .entrypoint(let words): configuration.entrypoint = words
        case .environment(let variables):
            for variable in variables {
                let name = variable.prefix { $0 != "=" }
                let place = configuration.environment.firstIndex { $0.prefix { $0 != "=" } == name }
                if let place {
                    configuration.environment[place] = variable
                } else {
                    configuration.environment.append(variable)
                }
            }
        case .workingDirectory(let path): configuration.workingDirectory = path
        case .user(let user): configuration.user = user
        case .labels(let labels): configuration.labels.merge(labels) { $1 }
        case .expose(let ports):
            configuration.exposedPorts = Set(configuration.exposedPorts + ports).sorted()
        case .volumes(let paths): configuration.volumes = Set(configuration.volumes + paths).sorted()
        case .stopSignal(let name): configuration.stopSignal = name
        }
    }
}

/// A line of a Dockerfile: its first word, and the ways to read what follows.
struct ImageChangeLine {
    let word: String
    private let rest: String

    init(_ line: String) {
        let trimmed = line.drop(while: \.isWhitespace)
        let first = trimmed.prefix { !$0.isWhitespace }
        word = first.uppercased()
        var rest = trimmed[first.endIndex...].drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        self.rest = String(rest)
    }

    func text() throws(CFSError) -> String {
        guard !rest.isEmpty, !rest.utf8.contains(0) else { throw refused("a value", "\(word) VALUE") }
        return rest
    }

    /// A JSON array of words, or a line for the shell. An empty array takes away what the image has.
    func command() throws(CFSError) -> [String] {
        if let words = array() { return words }
        return ["/bin/sh", "-c", try text()]
    }

    /// A JSON array, or words.
    func list() throws(CFSError) -> [String] {
        let words: [String]
        if let array = array() { words = array } else { words = try self.words() }
        guard !words.isEmpty else { throw refused("a value", "\(word) VALUE") }
        return words
    }

    /// `KEY=VALUE ...`, with quotes where a value has spaces; or `KEY VALUE`, where the value is all that follows.
    func pairs() throws(CFSError) -> [(String, String)] {
        let words = try words()
        let form = "\(word) KEY=VALUE"
        guard let first = words.first else { throw refused("a key", form) }
        guard first.contains("=") else {
            let value = rest.drop { !$0.isWhitespace }.drop(while: \.isWhitespace)
            guard !value.isEmpty else { throw refused("a value", form) }
            return [(first, String(value))]
        }
        var pairs: [(String, String)] = []
        for word in words {
            guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { throw refused("a key", form) }
            pairs.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
        }
        return pairs
    }

    /// Numbers with or without a protocol.
    func ports() throws(CFSError) -> [String] {
        var ports: [String] = []
        for text in try list() {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard let number = parts.first.flatMap({ UInt16($0) }), number > 0, parts.count <= 2,
                parts.count == 1 || ["tcp", "udp", "sctp"].contains(parts[1])
            else { throw refused("ports", "EXPOSE 80/tcp") }
            ports.append("\(number)/\(parts.count == 2 ? String(parts[1]) : "tcp")")
        }
        return ports
    }

    func refused(_ wanted: String, _ example: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "the change \"\(word) \(rest.prefix(100))\" lacks \(wanted)",
            hint: "write \(example)")
    }

    private func array() -> [String]? {
        guard rest.first == "[" else { return nil }
        do throws(CFSError) {
            return try JSON(parsing: Array(rest.utf8), what: "the change").strings
        } catch {
            // As Docker has it: what is no JSON is a line for the shell.
            return nil
        }
    }

    /// Cut at white space that is not quoted; quotes and the backslashes before signs are taken off.
    private func words() throws(CFSError) -> [String] {
        var words: [String] = []
        var current: String?
        var quote: Character?
        var rest = rest[...]
        while let sign = rest.popFirst() {
            if sign == "\\", quote != "'", let next = rest.popFirst() {
                current = (current ?? "") + String(next)
            } else if sign == quote {
                quote = nil
            } else if quote == nil, sign == "\"" || sign == "'" {
                (quote, current) = (sign, current ?? "")
            } else if quote == nil, sign.isWhitespace {
                if let word = current { words.append(word) }
                current = nil
            } else {
                current = (current ?? "") + String(sign)
            }
        }
        guard quote == nil else { throw refused("a closing quote", "\(word) KEY=\"a b\"") }
        if let word = current { words.append(word) }
        return words
    }
}
