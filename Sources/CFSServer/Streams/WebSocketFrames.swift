/// Frames of a WebSocket (RFC 6455) as bytes, from the server's side: a pure reader that is given bytes as they come.
///
/// Not NIOWebSocket: its decoder needs a channel's context, while these bytes come as the body of a request, behind Hummingbird; and
/// masks, UTF-8 and the size of a message in parts would be left to us all the same.
struct WebSocketFrames {
    enum Message: Equatable {
        case text([UInt8])
        case binary([UInt8])
        case ping([UInt8])
        case pong
        /// The other side says that it is over.
        case close
    }

    /// What is wrong with what came; the connection is closed with this status (RFC 6455, 7.4.1).
    struct Violation: Error, Equatable {
        let status: UInt16
        let reason: String

        static let protocolError = Violation(status: 1002, reason: "this is no frame of RFC 6455")
        static let tooBig = Violation(status: 1009, reason: "a message has at most 64 KiB")
        static let noText = Violation(status: 1007, reason: "a text message is UTF-8")
    }

    /// Bytes of one message.
    static let limit = 64 << 10

    private var buffer: [UInt8] = []
    /// The message that goes on with the next frame.
    private var unfinished: (opcode: UInt8, bytes: [UInt8])?

    mutating func append(_ bytes: some Sequence<UInt8>) { buffer += bytes }

    /// The next message that is whole; nil when more has to come.
    mutating func next() throws(Violation) -> Message? {
        while let (first, payload) = try frame() {
            let isLast = first & 0x80 != 0
            switch first & 0x0f {
            case 0x8: return .close
            case 0x9: return .ping(payload)
            case 0xa: return .pong
            case let opcode where opcode <= 0x2:
                guard (opcode == 0) == (unfinished != nil) else { throw .protocolError }
                var whole = unfinished ?? (opcode, [])
                whole.bytes += payload
                guard whole.bytes.count <= Self.limit else { throw .tooBig }
                guard isLast else {
                    unfinished = whole
                    continue
                }
                unfinished = nil
                if whole.opcode == 0x2 { return .binary(whole.bytes) }
                guard String(validating: whole.bytes, as: UTF8.self) != nil else { throw .noText }
                return .text(whole.bytes)
            default: throw .protocolError
            }
        }
        return nil
    }

    /// One frame: its first byte, and what it carries.
    private mutating func frame() throws(Violation) -> (first: UInt8, payload: [UInt8])? {
        guard buffer.count >= 2 else { return nil }
        let (first, second) = (buffer[0], buffer[1])
        // Nothing was agreed on for the reserved bits, and a client masks (5.1, 5.2).
        guard first & 0x70 == 0, second & 0x80 != 0 else { throw .protocolError }
        var length = Int(second & 0x7f)
        var place = 2
        if first & 0x08 != 0 {
            guard first & 0x80 != 0, length <= 125 else { throw .protocolError }
        }
        if length >= 126 {
            let size = length == 126 ? 2 : 8
            guard buffer.count >= place + size else { return nil }
            var long: UInt64 = 0
            for byte in buffer[place..<place + size] { long = long << 8 | UInt64(byte) }
            guard long <= UInt64(Self.limit) else { throw .tooBig }
            length = Int(long)
            place += size
        }
        guard buffer.count >= place + 4 + length else { return nil }
        let mask = Array(buffer[place..<place + 4])
        place += 4
        var payload = Array(buffer[place..<place + length])
        for index in payload.indices { payload[index] ^= mask[index & 3] }
        buffer.removeFirst(place + length)
        return (first, payload)
    }

    // MARK: Writing

    static func text(_ bytes: [UInt8]) -> [UInt8] { frame(0x1, bytes) }
    static func binary(_ bytes: [UInt8]) -> [UInt8] { frame(0x2, bytes) }
    static func pong(_ bytes: [UInt8]) -> [UInt8] { frame(0xa, bytes) }

    /// - Parameter reason: for whoever looks for the fault; cut to what a frame of this kind holds (RFC 6455, 5.5).
    static func close(_ status: UInt16, _ reason: String = "") -> [UInt8] {
        var text: [UInt8] = []
        for character in reason {
            guard text.count + character.utf8.count <= 123 else { break }
            text += Array(character.utf8)
        }
        return frame(0x8, [UInt8(status >> 8), UInt8(status & 0xff)] + text)
    }

    private static func frame(_ opcode: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x80 | opcode]
        switch bytes.count {
        case ...125: out.append(UInt8(bytes.count))
        case ...0xffff: out += [126, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)]
        default:
            out.append(127)
            for shift in stride(from: 56, through: 0, by: -8) {
                out.append(UInt8(UInt64(bytes.count) >> UInt64(shift) & 0xff))
            }
        }
        return out + bytes
    }
}
