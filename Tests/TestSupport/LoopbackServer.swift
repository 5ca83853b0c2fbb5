import Glibc
import Synchronization

/// An HTTP server of a test's own on 127.0.0.1 that answers each request as the test says, byte for byte, also wrongly. It
/// ends with the last reference to it, with whatever its answers wait for.
public final class LoopbackServer: Sendable {
    /// What was asked for, and the way back.
    public struct Exchange: Sendable {
        /// The path with the query.
        public let path: String
        fileprivate let connection: Int32
        fileprivate let stop: Int32

        /// Sends bytes; nothing happens when the client has gone.
        public func send(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while !rest.isEmpty {
                // The end of the server must not wait for a client that does not read.
                guard isReady(connection, POLLOUT) else { return }
                let count = rest.withUnsafeBytes {
                    Glibc.send(
                        connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                }
                if count < 0 && errno != EAGAIN { return }
                rest = rest.dropFirst(max(0, count))
            }
        }

        public func send(_ text: String) { send(Array(text.utf8)) }

        /// Sends a whole answer.
        public func answer(_ status: String, _ headers: [String] = [], _ body: [UInt8] = []) {
            let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.count)"] + headers
            send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
        }

        /// Waits until the client has closed the connection; false when the server ends first.
        @discardableResult
        public func waitForClient() -> Bool {
            var byte: UInt8 = 0
            while isReady(connection, POLLIN) { if recv(connection, &byte, 1, 0) <= 0 { return true } }
            return false
        }

        /// Makes the end of the connection a reset instead of an end.
        public func reset() {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }

        /// Waits for the connection; false when the server ends.
        private func isReady(_ descriptor: Int32, _ events: Int32) -> Bool {
            var polls = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0), pollfd(fd: stop, events: 0, revents: 0),
            ]
            while poll(&polls, 2, -1) < 0 {}
            return polls[1].revents == 0
        }

        /// The head of the request; nil when the client closed before its end.
        fileprivate static func path(readFrom connection: Int32, _ stop: Int32) -> String? {
            let exchange = Exchange(path: "", connection: connection, stop: stop)
            var head: [UInt8] = []
            var byte: UInt8 = 0
            while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
                guard exchange.isReady(connection, POLLIN), recv(connection, &byte, 1, 0) == 1 else { return nil }
                head.append(byte)
            }
            let words = String(decoding: head, as: UTF8.self).split(separator: " ")
            return words.count > 1 ? String(words[1]) : nil
        }
    }

    public let port: UInt16
    private let core: Core

    /// - Parameter respond: called in a thread of each connection, for its one request.
    public init(_ respond: @escaping @Sendable (Exchange) -> Void) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        precondition(isListening, "a loopback socket: \(String(cString: strerror(errno)))")
        port = UInt16(bigEndian: address.sin_port)
        core = Core(listener, respond)
        core.start { $0.acceptAll() }
    }

    deinit { core.end() }

    /// The paths that were asked for, in their order.
    public var paths: [String] { core.state.withLock { $0.paths } }

    public func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }
}

/// What the threads of a server share.
private final class Core: Sendable {
    private let listener: Int32
    /// Both ends: when the second closes, every wait ends.
    private let stop: (reading: Int32, writing: Int32)
    private let respond: @Sendable (LoopbackServer.Exchange) -> Void
    let state = Mutex<(paths: [String], threads: [pthread_t])>(([], []))

    init(_ listener: Int32, _ respond: @escaping @Sendable (LoopbackServer.Exchange) -> Void) {
        self.listener = listener
        self.respond = respond
        var pipe: [Int32] = [-1, -1]
        precondition(GNUFunctions.pipe2(&pipe, O_CLOEXEC) == 0, "pipe2: \(String(cString: strerror(errno)))")
        stop = (pipe[0], pipe[1])
    }

    func acceptAll() {
        while true {
            var polls = [
                pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop.reading, events: 0, revents: 0),
            ]
            guard poll(&polls, 2, -1) > 0 else { continue }
            if polls[1].revents != 0 { return }
            let connection = GNUFunctions.accept4(listener, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
            if connection >= 0 { start { $0.serve(connection) } }
        }
    }

    private func serve(_ connection: Int32) {
        if let path = LoopbackServer.Exchange.path(readFrom: connection, stop.reading) {
            state.withLock { $0.paths.append(path) }
            respond(LoopbackServer.Exchange(path: path, connection: connection, stop: stop.reading))
        }
        close(connection)
    }

    func start(_ body: @escaping @Sendable (Core) -> Void) {
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(Work(self, body)).toOpaque())
        precondition(started == 0, "pthread_create: \(String(cString: strerror(started)))")
        state.withLock { $0.threads.append(thread) }
    }

    func end() {
        close(stop.writing)
        // The first thread starts the others, so it is waited for first.
        while let thread = state.withLock({ $0.threads.isEmpty ? nil : $0.threads.removeFirst() }) {
            pthread_join(thread, nil)
        }
        close(stop.reading)
        close(listener)
    }
}

private final class Work {
    private let core: Core
    private let body: @Sendable (Core) -> Void

    init(_ core: Core, _ body: @escaping @Sendable (Core) -> Void) {
        self.core = core
        self.body = body
    }

    func run() { body(core) }
}
