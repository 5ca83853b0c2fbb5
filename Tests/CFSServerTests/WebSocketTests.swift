import Testing

@testable import CFSServer

@Suite("Frames of a WebSocket")
struct WebSocketTests {
    private func masked(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [1, 2, 3, 4]
        var out = [first]
        if payload.count < 126 {
            out.append(0x80 | UInt8(payload.count))
        } else {
            out += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
        }
        return out + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    private func read(_ bytes: [UInt8]) throws -> [WebSocketFrames.Message] {
        var frames = WebSocketFrames()
        frames.append(bytes)
        var found: [WebSocketFrames.Message] = []
        while let message = try frames.next() { found.append(message) }
        return found
    }

    @Test("messages are whole wherever the bytes are cut")
    func cuts() throws {
        let long = [UInt8](repeating: 7, count: 300)
        let bytes =
            masked(0x81, Array("hi".utf8)) + masked(0x02, [1]) + masked(0x89, [9]) + masked(0x80, [2])
            + masked(0x82, long)
        let expected: [WebSocketFrames.Message] = [
            .text(Array("hi".utf8)), .ping([9]), .binary([1, 2]), .binary(long),
        ]
        #expect(try read(bytes) == expected)
        for cut in 0...bytes.count {
            var frames = WebSocketFrames()
            var found: [WebSocketFrames.Message] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                frames.append(part)
                while let message = try frames.next() { found.append(message) }
            }
            #expect(found == expected, "cut at \(cut)")
        }
    }

    @Test("the frame that closes has a reason that fits into it")
    func close() {
        #expect(WebSocketFrames.close(1000) == [0x88, 2, 0x03, 0xe8])
        #expect(WebSocketFrames.close(1008, "no") == [0x88, 4, 0x03, 0xf0] + Array("no".utf8))
        let long = WebSocketFrames.close(1008, String(repeating: "ä", count: 100))
        #expect(long.count == 2 + 2 + 122 && long[1] == 124)
    }

    @Test("what is against the rules ends it with the right status")
    func violations() {
        let unmasked: [UInt8] = [0x81, 0x01, 0x41]
        #expect(throws: WebSocketFrames.Violation.protocolError) { try read(unmasked) }
        #expect(throws: WebSocketFrames.Violation.protocolError) { try read(masked(0xc1, [1])) }
        #expect(throws: WebSocketFrames.Violation.protocolError) { try read(masked(0x80, [1])) }
        #expect(throws: WebSocketFrames.Violation.protocolError) { try read(masked(0x09, [1])) }
        #expect(throws: WebSocketFrames.Violation.protocolError) { try read(masked(0x83, [1])) }
        #expect(throws: WebSocketFrames.Violation.noText) { try read(masked(0x81, [0xff])) }
        #expect(throws: WebSocketFrames.Violation.tooBig) {
            try read([0x82, 0xff] + [UInt8](repeating: 0xff, count: 8))
        }
        let half = masked(0x02, [UInt8](repeating: 1, count: 60_000))
        #expect(throws: WebSocketFrames.Violation.tooBig) {
            try read(half + masked(0x80, [UInt8](repeating: 1, count: 6_000)))
        }
    }

    @Test("the proof of the handshake is the one of RFC 6455, section 1.3")
    func proof() { #expect(WebSocketHandshake.proof("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") }
}
