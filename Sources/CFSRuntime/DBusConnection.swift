import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A connection to a message bus (D-Bus Specification), for one call after the other. Every answer has a limit of time.
final class DBusConnection {
    static let busName = "org.freedesktop.DBus"
    /// More signals than systemd sends between a call and its answer. Others may send here, too: nobody's flood is an error.
    private static let signalLimit = 4096

    private let socket: SharedFD
    private let milliseconds: Int32
    /// What has come, and is no whole message yet.
    private var received: [UInt8] = []
    /// What has come before somebody waited for it.
    private var signals: [DBusMessage] = []
    private var serial: UInt32 = 0
    /// What is left to come of a message that is too large to be one of ours.
    private var passing = 0
    private var watched: (interface: String, member: String)?

    /// Says who this is, and becomes known to the bus.
    ///
    /// - Parameter milliseconds: how long each answer may take.
    init(_ socket: SharedFD, milliseconds: Int32) throws(CFSError) {
        self.socket = socket
        self.milliseconds = milliseconds
        try authenticate()
        try callBus("Hello")
    }

    /// Nil where nobody listens at the path.
    static func connect(to path: String, milliseconds: Int32) throws(CFSError) -> DBusConnection? {
        guard let socket = try StreamSocket.connectIfThere(to: path, milliseconds: milliseconds) else { return nil }
        return try DBusConnection(SharedFD(socket), milliseconds: milliseconds)
    }

    /// Has signals sent here from now on; others that come are dropped.
    func watch(_ rule: String, interface: String, member: String) throws(CFSError) {
        watched = (interface, member)
        var body = DBusWriter()
        body.text(rule)
        try callBus("AddMatch", "s", body)
    }

    /// - Returns: the answer, which may be a failure.
    func call(_ call: DBusCall) throws(CFSError) -> DBusMessage {
        serial += 1
        let end = deadline
        try send(call.bytes(serial: serial))
        while true {
            let message = try next(until: end)
            switch message.kind {
            case .answer?, .failure?:
                if message.replySerial == serial { return message }
            case .signal?: keep(message)
            // Nobody has a reason to call this.
            default: break
            }
        }
    }

    /// Waits for the signal that is wanted. Others that come are gone.
    func signal(_ isWanted: (DBusMessage) throws(CFSError) -> Bool) throws(CFSError) {
        let end = deadline
        while true {
            while !signals.isEmpty {
                let signal = signals.removeFirst()
                if try isWanted(signal) { return }
            }
            let message = try next(until: end)
            if message.kind == .signal { keep(message) }
        }
    }

    private func keep(_ signal: DBusMessage) {
        guard let watched, signal.interface == watched.interface, signal.member == watched.member else { return }
        if signals.count >= Self.signalLimit { signals.removeFirst() }
        signals.append(signal)
    }

    private func callBus(
        _ member: String, _ signature: String = "", _ body: DBusWriter = DBusWriter()
    ) throws(CFSError) {
        let answer = try call(
            DBusCall(
                destination: Self.busName, path: "/org/freedesktop/DBus", interface: Self.busName, member: member,
                signature: signature, body: body))
        guard answer.kind == .failure else { return }
        throw CFSError(.conflict, .limiting, "the system bus refuses \(member): \(try answer.failureText())")
    }

    // MARK: Bytes

    /// Who this is the bus asks the kernel; the number must be the same (Authentication Protocol, EXTERNAL).
    private func authenticate() throws(CFSError) {
        let digits = "\(geteuid())".utf8.map { String($0, radix: 16) }.text(separator: "")
        let end = deadline
        try send([0] + Array("AUTH EXTERNAL \(digits)\r\n".utf8))
        var lineFeed = received.firstIndex(of: 0x0a)
        while lineFeed == nil {
            guard received.count < 4096 else { throw DBusReader.broken }
            try receive(until: end)
            lineFeed = received.firstIndex(of: 0x0a)
        }
        let length = (lineFeed ?? 0) + 1
        let line = String(decoding: received[..<length], as: UTF8.self)
        received.removeFirst(length)
        guard line.hasPrefix("OK ") else {
            let said = line.split(whereSeparator: { $0.isNewline }).first.map(String.init) ?? ""
            throw CFSError(.notPermitted, .limiting, "the system bus does not take this user: \(said)")
        }
        try send(Array("BEGIN\r\n".utf8))
    }

    private var deadline: UInt64 { SystemClock.monotonic + UInt64(milliseconds) * 1_000_000 }

    private func next(until end: UInt64) throws(CFSError) -> DBusMessage {
        while true {
            if let size = try DBusMessage.size(received), size > DBusMessage.sizeLimit {
                let there = min(size, received.count)
                received.removeFirst(there)
                passing = size - there
                if passing == 0 { continue }
            } else if let message = try DBusMessage.take(from: &received) {
                return message
            }
            try receive(until: end)
        }
    }

    private func receive(until end: UInt64) throws(CFSError) {
        let now = SystemClock.monotonic
        guard now < end else {
            throw CFSError(
                .conflict, .limiting, "the system bus has not answered within \(milliseconds) ms", errno: ETIMEDOUT)
        }
        let left = Int32((end - now) / 1_000_000) + 1
        let ready = try checked(Int(cfs_poll_one(socket.raw, Int32(POLLIN), left)), "poll", .limiting)
        // Time has passed, or a signal came.
        if ready == 0 { return }
        let bytes: [UInt8]
        do throws(CFSError) {
            bytes = try File.read(socket.raw, atMost: 16 << 10)
        } catch {
            throw Self.closed(error.errno)
        }
        guard !bytes.isEmpty else { throw Self.closed(nil) }
        let passed = min(passing, bytes.count)
        passing -= passed
        received += bytes[passed...]
    }

    private func send(_ bytes: [UInt8]) throws(CFSError) {
        do throws(CFSError) {
            try StreamSocket.send(socket.raw, bytes)
        } catch {
            throw Self.closed(error.errno)
        }
    }

    private static func closed(_ number: Int32?) -> CFSError {
        CFSError(.conflict, .limiting, "the connection to the system bus has ended", errno: number)
    }
}
