import CFSCore
import CFSLinux
import CFSOptions
import CFSServer
import Logging

/// What the daemon is told: by flags, else by its environment, else by its file, else by default.
struct Settings: Equatable {
    static let usualFile = "/etc/cfs/cfsd.toml"

    var listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 1337)]
    /// Nil for none.
    var socket: String?
    var engine = EngineOptions()
    var hosts: [String] = []
    var security: TransportSecurity?
    var logLevel = Logger.Level.info
    var restores = true

    /// - Parameters:
    ///   - arguments: flags.
    ///   - variable: the environment.
    ///   - read: the bytes of a file; nil when it is not there.
    /// - Throws: `invalidArgument` for a wrong value, `invalidConfiguration` for a wrong file.
    init(
        _ arguments: CanonicalArguments, variable: (String) -> String?, read: (String) throws(CFSError) -> [UInt8]?
    ) throws(CFSError) {
        let named = arguments.value("config") ?? variable("CFSD_CONFIG")
        let path = named ?? Self.usualFile
        let bytes = try read(path)
        if named != nil, bytes == nil {
            throw CFSError(.invalidConfiguration, .parsing, "there is no file \(path)", path: path)
        }
        let file = try bytes.map { bytes throws(CFSError) in try TOMLParser.parse(bytes, path: path) } ?? [:]
        let known = DaemonOption.all.map(\.name)
        for key in file.keys.sorted() where !known.contains(key) {
            let near = NearestName.suggestions(for: key, among: known)
            throw CFSError(
                .invalidConfiguration, .parsing, "\(path): unknown option \(key)", path: path,
                hint: near.isEmpty
                    ? "known: \(known.joined(separator: ", "))" : "did you mean \(near.joined(separator: " or "))?")
        }
        var values: [String: [String]] = [:]
        for option in DaemonOption.all {
            values[option.name] = try Self.texts(of: option, arguments, variable, file[option.name], path)
        }
        try fill(values)
    }

    /// The values of an option from the first place that has some.
    private static func texts(
        of option: DaemonOption, _ arguments: CanonicalArguments, _ variable: (String) -> String?, _ value: TOMLValue?,
        _ path: String
    ) throws(CFSError) -> [String]? {
        switch option.kind {
        case .flag: if arguments.has(option.name) { return ["true"] }
        case .value: if let text = arguments.value(option.name) { return [text] }
        case .list:
            let texts = arguments.values(option.name)
            if !texts.isEmpty { return texts.flatMap(split) }
        }
        for name in option.variables {
            if let text = variable(name) { return option.kind == .list ? split(text) : [text] }
        }
        switch (value, option.kind) {
        case (nil, _): return nil
        case (.string(let text)?, .value): return [text]
        case (.string(let text)?, .list): return split(text)
        case (.integer(let number)?, .list): return ["\(number)"]
        case (.bool(let flag)?, .flag): return [flag ? "true" : "false"]
        case (.array(let items)?, .list):
            var texts: [String] = []
            for item in items {
                guard case .string(let text) = item else { break }
                texts.append(text)
            }
            if texts.count == items.count { return texts }
        default: break
        }
        throw CFSError(
            .invalidConfiguration, .parsing, "\(path): \(option.name) does not take this value", path: path,
            hint:
                "it is \(option.kind == .flag ? "true or false" : option.kind == .list ? "a list of texts" : "a text")")
    }

    private static func split(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

    private mutating func fill(_ values: [String: [String]]) throws(CFSError) {
        func text(_ name: String) -> String? { values[name]?.first.flatMap { $0.isEmpty ? nil : $0 } }
        if let root = text("root") { engine.root = root }
        if let run = text("run") { engine.run = run }
        if let addresses = values["listen"] {
            listen = []
            for address in addresses { listen.append(try Self.address(address)) }
        }
        socket = values["socket"].map { $0.first ?? "" } ?? "\(engine.run)/cfsd.sock"
        if socket == "" { socket = nil }
        hosts = (values["host"] ?? []).map { $0.lowercased() }
        let files = [text("tls-certificate"), text("tls-key"), text("tls-client-ca")].compactMap { $0 }
        if files.count == 3 {
            security = TransportSecurity(certificate: files[0], key: files[1], callers: files[2])
        } else if !files.isEmpty {
            throw Self.wrong("tls-certificate, tls-key and tls-client-ca belong together", nil)
        }
        if let level = text("log-level") {
            guard let known = Logger.Level(rawValue: level) else {
                throw Self.wrong("log-level does not know \"\(level)\"", "write debug, info, warning or error")
            }
            logLevel = known
        }
        switch text("no-restore") {
        case nil, "false", "0": restores = true
        case "true", "1": restores = false
        case let value?: throw Self.wrong("no-restore is true or false, not \"\(value)\"", nil)
        }
        guard !listen.isEmpty || socket != nil else {
            throw Self.wrong("nothing to listen on", "give --listen or --socket")
        }
        for case .tcp(let host, _) in listen where !Self.isLoopback(host) && security == nil {
            throw Self.wrong(
                "listening on \(host) needs certificates of both sides: whoever may call is root here",
                "give --tls-certificate, --tls-key and --tls-client-ca, or listen on 127.0.0.1")
        }
    }

    private static func wrong(_ message: String, _ hint: String?) -> CFSError {
        CFSError(.invalidArgument, .parsing, message, hint: hint)
    }

    /// Reads `1337`, `127.0.0.1:1337` or `[::1]:1337`.
    static func address(_ text: String) throws(CFSError) -> ListenAddress {
        let wrong = wrong(
            "listen does not take \"\(text)\"", "write a port, or an address in numbers with one: 127.0.0.1:1337")
        let colon = text.lastIndex(of: ":")
        guard let port = Int(colon.map { text[text.index(after: $0)...] } ?? text[...]), (0...65_535).contains(port)
        else {
            throw wrong
        }
        guard let colon else { return .tcp(host: "127.0.0.1", port: port) }
        var host = String(text[..<colon])
        if host == "localhost" { host = "127.0.0.1" }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard ListenAddress.isNumeric(host) else { throw wrong }
        return .tcp(host: host, port: port)
    }

    /// Whether only this machine reaches an address.
    static func isLoopback(_ host: String) -> Bool { host.hasPrefix("127.") || host == "::1" }

    /// Where the server listens for these settings.
    func places(inherited: [InheritedSocket]) throws(CFSError) -> [RestServer.Place] {
        if !inherited.isEmpty {
            var places: [RestServer.Place] = []
            for socket in inherited { places.append(try place(socket)) }
            return places
        }
        var places: [RestServer.Place] = []
        for address in listen {
            guard case .tcp(let host, _) = address else { continue }
            if let security, !Self.isLoopback(host) {
                places.append(.certificates(address, security, hosts: hosts))
            } else {
                places.append(.loopback(address))
            }
        }
        if let socket { places.append(.unix(.unix(path: socket))) }
        return places
    }

    private func place(_ socket: InheritedSocket) throws(CFSError) -> RestServer.Place {
        let address = ListenAddress.inherited(descriptor: socket.descriptor)
        switch socket.kind {
        case .unix: return .unix(address)
        case .loopback: return .loopback(address)
        case .network:
            guard let security else {
                throw Self.wrong(
                    "the service manager's socket is reached from other machines, and there are no certificates",
                    "give tls-certificate, tls-key and tls-client-ca")
            }
            return .certificates(address, security, hosts: hosts)
        }
    }

    static func == (left: Settings, right: Settings) -> Bool {
        left.listen == right.listen && left.socket == right.socket && left.engine == right.engine
            && left.hosts == right.hosts && left.security == right.security && left.logLevel == right.logLevel
            && left.restores == right.restores
    }
}
