import CFSLinux
import Glibc

@testable import CFSRuntime

/// A message bus of a test's own. What it will say lies in its socket before anybody asks: serials count from 1.
final class PlayedBus {
    let client: SharedFD
    private var server: SharedFD?

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0, "socketpair")
        client = SharedFD(OwnedFD(ends[0]))
        server = SharedFD(OwnedFD(ends[1]))
    }

    /// One that takes its caller, who has called it once then.
    static func greeting() -> PlayedBus {
        let bus = PlayedBus()
        bus.say(Array("OK 0123456789abcdef\r\n".utf8))
        bus.say(message(.answer, answers: 1, from: "org.freedesktop.DBus", "s") { $0.text(":1.7") })
        // Everybody is told the own name so, asked for or not.
        bus.say(
            message(
                .signal, from: "org.freedesktop.DBus", interface: "org.freedesktop.DBus", member: "NameAcquired", "s"
            ) { $0.text(":1.7") })
        return bus
    }

    func say(_ bytes: [UInt8]) {
        let sent = bytes.withUnsafeBytes { write(server?.raw ?? -1, $0.baseAddress, $0.count) }
        precondition(sent == bytes.count, "the socket of a played bus is full")
    }

    func hangUp() { server = nil }

    /// What was said to it since the last look.
    func heard() -> String {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(server?.raw ?? -1, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }

    static func message(
        _ kind: DBusMessage.Kind, answers serial: UInt32 = 0, from sender: String = ":1.0", interface: String = "",
        member: String = "", error: String = "", _ signature: String = "", _ fill: (inout DBusWriter) -> Void = { _ in }
    ) -> [UInt8] {
        var body = DBusWriter()
        fill(&body)
        var message = DBusWriter()
        for byte in [0x6c, kind.rawValue, 0, 1] { message.byte(byte) }
        message.number(UInt32(body.bytes.count))
        message.number(99)
        let texts: [(UInt8, String)] = [(2, interface), (3, member), (4, error), (7, sender)]
        message.array(of: 8) { fields in
            for (code, text) in texts where !text.isEmpty {
                fields.align(8)
                fields.byte(code)
                fields.signature("s")
                fields.text(text)
            }
            if serial != 0 {
                fields.align(8)
                fields.byte(5)
                fields.signature("u")
                fields.number(serial)
            }
            if !signature.isEmpty {
                fields.align(8)
                fields.byte(8)
                fields.signature("g")
                fields.signature(signature)
            }
        }
        message.align(8)
        return message.bytes + body.bytes
    }
}
