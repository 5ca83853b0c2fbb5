import CFSCore
import CFSLinux
import CFSOptions
import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization

/// Terminals: a WebSocket on one side, the pipes of a command on the other.
enum TerminalRoute {
    static func execute(_ call: Call) async throws -> Response {
        let headers = try WebSocketHandshake.accept(call.request)
        let words = try ShellWords.split(try call.query.text("command") ?? "")
        var arguments = call.query.values("env").map { "--env=\($0)" }
        for name in ["user", "workdir"] {
            if let value = try call.query.text(name) { arguments.append("--\(name)=\(value)") }
        }
        var request = try ExecRequest.request(arguments, words)
        request.terminal = try call.query.flag("tty")
        request.interactive = true
        if let rows = try call.query.integer("rows", 1...1000),
            let columns = try call.query.integer("columns", 1...1000)
        {
            request.windowSize = WindowSize(rows: UInt16(rows), columns: UInt16(columns))
        }
        let asked = request
        let terminal = try await call.work.long {
            let (input, output, error) = (try Pipe(), try Pipe(), try Pipe())
            let container = try call.container()
            let session = try container.execute(
                asked,
                .descriptors(input: input.reading.raw, output: output.writing.raw, error: error.writing.raw))
            extendLifetime((input, output, error))
            return try Terminal(
                id: container.id.text, session: session, isTerminal: asked.terminal, output: output.reading,
                error: error.reading, input: input.writing, ending: .hangUp)
        }
        return upgrade(headers, call, terminal)
    }

    static func attach(_ call: Call) async throws -> Response {
        let headers = try WebSocketHandshake.accept(call.request)
        let takesInput = try call.query.text("input") == nil || call.query.flag("input")
        let terminal = try await call.work.quick {
            let container = try call.container()
            let attachment = try container.attach(input: takesInput)
            return try Terminal(
                id: container.id.text, session: attachment.session, isTerminal: attachment.hasTerminal,
                output: attachment.ends.output, error: attachment.ends.error, input: attachment.inputEnd,
                ending: .leave)
        }
        return upgrade(headers, call, terminal)
    }

    private static func upgrade(_ headers: HTTPFields, _ call: Call, _ terminal: Terminal) -> Response {
        let body = call.request.body
        return Response(
            status: .switchingProtocols, headers: headers,
            body: ResponseBody { writer in
                try await terminal.run(call.service.watch, body, &writer)
                try await writer.finish(nil)
            })
    }
}

/// One command and one WebSocket, until either ends.
final class Terminal: Sendable {
    enum Ending: Sendable {
        /// The command hears that its terminal is gone (SIGHUP).
        case hangUp
        case leave
    }

    /// What the side that reads from the socket has for the side that writes to it.
    private struct Words: Sendable {
        /// Of the latest ping: the others need no answer (RFC 6455, 5.5.3).
        var pong: [UInt8]?
        /// How it is over.
        var over: Over?
    }

    /// The status with which the socket is closed, and why.
    private struct Over {
        let status: UInt16
        var reason = ""
    }

    private let id: String
    private let session: Session
    private let isTerminal: Bool
    private let output: SharedFD
    private let error: SharedFD
    /// Nil once the command has read all.
    private let input: Mutex<SharedFD?>
    private let ending: Ending
    private let hasLeft = Atomic(false)

    init(
        id: String, session: Session, isTerminal: Bool, output: SharedFD, error: SharedFD, input: SharedFD?,
        ending: Ending
    ) throws(CFSError) {
        self.id = id
        self.session = session
        self.isTerminal = isTerminal
        self.output = output
        self.error = error
        self.input = Mutex(input)
        self.ending = ending
        for end in [output, error] { try PipeEnd.makeNonBlocking(end.raw) }
        if let input { try PipeEnd.makeNonBlocking(input.raw) }
    }

    // Also of one whose caller has gone before its first byte.
    deinit { leave() }

    /// Does once what the end of the connection means for the command.
    private func leave() {
        guard case .hangUp = ending, !hasLeft.exchange(true, ordering: .relaxed) else { return }
        do throws(CFSError) {
            try session.signal(1)
        } catch {
            // Its monitor is gone, and it with that.
        }
    }

    func run(_ watch: DescriptorWatch, _ body: RequestBody, _ writer: inout any ResponseBodyWriter) async throws {
        defer { leave() }
        let started: JSON = [
            "started": ["id": .string(id), "pid": .integer(Int64(session.pid)), "tty": .bool(isTerminal)]
        ]
        try await writer.write(ByteBuffer(bytes: WebSocketFrames.text(started.bytes())))
        // What comes from the socket ends up in the command, and a word or two for the socket itself in this pipe: the one
        // loop below is the only one that writes.
        let words = Mailbox()
        let bell = try Pipe()
        try PipeEnd.makeNonBlocking(bell.reading.raw)
        try PipeEnd.makeNonBlocking(bell.writing.raw)
        let reading = Task { [self] in
            let over = await read(body, watch) { pong in
                words.content.withLock { $0.pong = pong }
                Self.ring(bell.writing)
            }
            words.content.withLock { $0.over = over }
            Self.ring(bell.writing)
        }
        defer { reading.cancel() }
        do {
            let over = try await write(watch, bell.reading, words, &writer)
            try await writer.write(ByteBuffer(bytes: WebSocketFrames.close(over.status, over.reason)))
        } catch is CancellationError {
            try await writer.write(ByteBuffer(bytes: WebSocketFrames.close(1001)))
        } catch let error as CFSError {
            let document: JSON = ["error": error.json]
            try await writer.write(
                ByteBuffer(bytes: WebSocketFrames.text(document.bytes()) + WebSocketFrames.close(1011)))
        }
        extendLifetime(bell)
    }

    private final class Mailbox: Sendable {
        let content = Mutex(Words())
    }

    /// Wakes the one that writes. A pipe that is full, or that nobody reads any more, is as good.
    private static func ring(_ bell: SharedFD) {
        var one: UInt8 = 1
        _ = withUnsafeBytes(of: &one) { File.write(bell.raw, $0) }
    }

    /// From the command to the socket.
    ///
    /// - Returns: how the socket is closed.
    private func write(
        _ watch: DescriptorWatch, _ bell: SharedFD, _ words: Mailbox, _ writer: inout any ResponseBodyWriter
    ) async throws -> Over {
        var open = [(output, UInt8(1)), (error, UInt8(2))]
        var status: ExitStatus?
        while !open.isEmpty || status == nil {
            var waiting = open.map(\.0.raw) + [bell.raw]
            if status == nil { waiting.append(session.descriptor) }
            try await watch.wait(reading: waiting)
            var out: [UInt8] = []
            if case .bytes = try PipeEnd.read(bell.raw) {
                let said = words.content.withLock { words in
                    defer { words.pong = nil }
                    return words
                }
                if let over = said.over { return over }
                if let pong = said.pong { out += WebSocketFrames.pong(pong) }
            }
            if status == nil, PipeEnd.isReadable(session.descriptor) {
                switch try session.receive() {
                case .ended(let end)?: status = end
                case .skipped(let skipped)?: out += WebSocketFrames.text(Self.document(skipped).bytes())
                case .unwritten?, nil: break
                }
            }
            var left: [(SharedFD, UInt8)] = []
            for (end, stream) in open {
                switch try PipeEnd.read(end.raw) {
                case .bytes(let bytes):
                    out += WebSocketFrames.binary([stream] + bytes)
                    left.append((end, stream))
                case .nothingYet: left.append((end, stream))
                case .end: continue
                }
            }
            open = left
            if !out.isEmpty { try await writer.write(ByteBuffer(bytes: out)) }
        }
        if let status {
            let end: JSON = [
                "exited": [
                    "exitCode": .integer(Int64(status.code)),
                    "signal": status.signal.map { .integer(Int64($0)) } ?? .null,
                    "reason": status.reason.map(JSON.string) ?? .null,
                ]
            ]
            try await writer.write(ByteBuffer(bytes: WebSocketFrames.text(end.bytes())))
        }
        return Over(status: 1000)
    }

    private static func document(_ skipped: SkippedOutput) -> JSON {
        [
            "skipped": [
                "stdout": JSON(unsigned: UInt64(skipped.output)), "stderr": JSON(unsigned: UInt64(skipped.error)),
            ]
        ]
    }

    /// From the socket to the command.
    ///
    /// - Returns: how the socket is closed.
    private func read(
        _ body: RequestBody, _ watch: DescriptorWatch, _ answer: @Sendable ([UInt8]) -> Void
    ) async -> Over {
        var frames = WebSocketFrames()
        do {
            for try await part in body {
                frames.append(part.readableBytesView)
                while let message = try frames.next() {
                    switch message {
                    case .close: return Over(status: 1000)
                    case .ping(let bytes): answer(bytes)
                    case .pong: break
                    case .binary(let bytes):
                        guard let end = input.withLock({ $0 }) else { continue }
                        if try await !Self.write(bytes[...], end, watch) { closeInput() }
                    case .text(let bytes):
                        let command = try JSON(parsing: bytes, what: "the message")
                        if command["closeInput"]?.bool == true { closeInput() }
                        try obey(command)
                    }
                }
            }
            // It has hung up without a word.
            return Over(status: 1001)
        } catch let violation as WebSocketFrames.Violation {
            return Over(status: violation.status, reason: violation.reason)
        } catch let error as CFSError {
            return Over(status: 1008, reason: error.message)
        } catch {
            return Over(status: 1001)
        }
    }

    private func closeInput() { input.withLock { $0 = nil } }

    private func obey(_ command: JSON) throws {
        if let size = command["resize"] {
            guard let rows = size["rows"]?.integer, let columns = size["columns"]?.integer, (1...1000).contains(rows),
                (1...1000).contains(columns)
            else { throw CFSError(.invalidArgument, .parsing, "a terminal has 1 to 1000 rows and columns") }
            try session.resize(WindowSize(rows: UInt16(rows), columns: UInt16(columns)))
        }
        if let name = command["signal"]?.string { try session.signal(try Signal.number(name)) }
    }

    /// False when the command reads no more.
    private static func write(
        _ bytes: ArraySlice<UInt8>, _ end: SharedFD, _ watch: DescriptorWatch
    ) async throws -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard let taken = try PipeEnd.write(end.raw, rest) else { return false }
            rest = rest.dropFirst(taken)
            if taken == 0 { try await watch.wait(writing: [end.raw]) }
        }
        return true
    }
}
