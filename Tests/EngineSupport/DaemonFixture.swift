import Glibc
import Synchronization
import TestSupport
import Testing

/// A `cfsd` of a test's own, beside the executable under test, over the folders of an engine: at a port that was free, and at
/// a socket. It is ended, and waited for, when the last reference to it goes. Daemon and `curl` are in the network of the engine.
package final class DaemonFixture {
    package let command: RunningCommand
    package let port: Int
    package let socket: String
    private let engine: EngineFixture
    private static let count = Atomic<Int>(0)

    /// Starts it and waits until it listens.
    package init(
        _ engine: EngineFixture, _ arguments: [String] = [], environment: [String: String] = [:],
        location: SourceLocation = #_sourceLocation
    ) throws {
        self.engine = engine
        // Several daemons may serve one engine.
        socket = engine.folder("cfsd-\(Self.count.wrappingAdd(1, ordering: .relaxed).newValue).sock")
        command = Self.start(
            engine, ["--listen", "127.0.0.1:0", "--socket", socket] + arguments, environment: environment)
        let isUp = command.waitForOutput("listening on 127.0.0.1:") && command.waitForOutput("listening on unix:")
        try #require(isUp, "the daemon does not listen: \(command.errorsSoFar)", sourceLocation: location)
        let line = command.outputSoFar.split(separator: "\n").first { $0.hasPrefix("listening on 127.0.0.1:") }
        port = try #require(line.flatMap { Int($0.dropFirst("listening on 127.0.0.1:".count)) })
    }

    deinit {
        command.signal(SIGTERM)
        _ = command.finish(seconds: 60)
    }

    /// Starts the daemon of an engine, and waits for nothing.
    package static func start(
        _ engine: EngineFixture, _ arguments: [String], environment: [String: String] = [:]
    ) -> RunningCommand {
        var variables = ["PATH": EngineFixture.path, "LC_ALL": "C"]
        variables.merge(environment) { $1 }
        return RunningCommand(
            (engine.network?.entering ?? []) + [binary(engine), "--root", engine.root, "--run", engine.runFolder]
                + arguments, environment: variables, directory: engine.folder.path)
    }

    package static func binary(_ engine: EngineFixture) -> String {
        "\(engine.binary.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })/cfsd"
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// An answer: its status, headers and body.
    package struct Answer {
        package var status: Int
        package var headers: String
        package var body: [UInt8]
        package var text: String { String(decoding: body, as: UTF8.self) }
        /// The body as JSON; null for what is none.
        package var json: JSONValue {
            do { return try JSONValue(parsing: body) } catch { return .null }
        }
    }

    /// `curl` of a path, with a body when there is one.
    package func request(
        _ method: String, _ path: String, _ body: String? = nil, _ options: String..., user: Int? = nil
    ) -> Answer {
        let data = body.map { ["--data-binary", $0] } ?? []
        return curl(["-X", method] + data + options + ["\(url)\(path)"], user: user)
    }

    package func get(_ path: String, _ options: String...) -> Answer { curl(options + ["\(url)\(path)"]) }

    /// `curl` with these arguments, as another user without groups when one is given.
    package func curl(_ arguments: [String], user: Int? = nil) -> Answer {
        let other = user.map { ["/usr/bin/setpriv", "--reuid", "\($0)", "--regid", "\($0)", "--clear-groups"] } ?? []
        let command = RunningCommand(
            (engine.network?.entering ?? []) + other + ["/usr/bin/curl", "-sS", "-i", "--max-time", "100"] + arguments,
            environment: ["PATH": EngineFixture.path, "LC_ALL": "C"])
        return Self.answer(command.finish(seconds: 120).bytes)
    }

    /// Sends bytes as they are, and takes what comes until the other side closes.
    package func raw(_ text: String, location: SourceLocation = #_sourceLocation) -> Answer {
        Self.answer(exchange([Array(text.utf8)]))
    }

    /// Sends parts one after the other, each in a packet of its own, and takes what comes until the other side closes.
    package func exchange(_ parts: [[UInt8]], seconds: Double = 60) -> [UInt8] {
        let connection = connect()
        defer { close(connection) }
        for part in parts {
            var rest = part[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard sent > 0 else { break }
                rest = rest.dropFirst(sent)
            }
        }
        var answer: [UInt8] = []
        let end = monotonicSeconds() + seconds
        while monotonicSeconds() < end {
            var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 1000) > 0 else { continue }
            let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                count = max(0, recv(connection, buffer.baseAddress, buffer.count, 0))
            }
            if piece.isEmpty { break }
            answer += piece
        }
        return answer
    }

    /// A connection to the port, without Nagle's delay; the caller closes it.
    package func connect() -> Int32 {
        let connection = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(connection, $0, 16) }
        }
        var on: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        return connection
    }

    private static func answer(_ bytes: [UInt8]) -> Answer {
        var rest = bytes[...]
        var head = ""
        // Answers that only say "go on" stand before the one that counts.
        repeat {
            guard let end = rest.indices.first(where: { rest[$0...].starts(with: [13, 10, 13, 10]) }) else {
                return Answer(status: 0, headers: String(decoding: rest, as: UTF8.self), body: [])
            }
            head = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 4)...]
        } while head.hasPrefix("HTTP/1.1 100")
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(status: status, headers: head, body: Array(rest))
    }

    /// Runs a container over the interface, and returns its id.
    package func run(_ fields: String, location: SourceLocation = #_sourceLocation) throws -> String {
        let answer = request("POST", "/run", #"{"state":"run","image":"BusyBox",\#(fields)}"#)
        try #require(answer.status == 200, "\(answer.text)", sourceLocation: location)
        return try #require(answer.json["id"].text, sourceLocation: location)
    }
}
