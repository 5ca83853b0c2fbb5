import CFSModel
import Testing

@testable import CFSLayers

@Suite("Gathering small pieces")
struct BufferedSinkTests {
    /// Counts what reaches it.
    private final class CountingSink: ByteSink {
        var bytes: [UInt8] = []
        var calls = 0
        func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) {
            self.bytes.append(contentsOf: bytes)
            calls += 1
        }
    }

    @Test("the bytes and their order are the same, in fewer pieces")
    func order() throws {
        let target = CountingSink()
        let sink = BufferedSink(target)
        var expected: [UInt8] = []
        for (index, size) in [1, 511, 0, 262_143, 262_144, 1, 1_000_000, 7].enumerated() {
            let piece = [UInt8](repeating: UInt8(index), count: size)
            try sink.write(piece)
            expected += piece
        }
        #expect(target.bytes.count < expected.count)
        try sink.flush()
        #expect(target.bytes == expected)
        let calls = target.calls
        try sink.flush()
        #expect(target.calls == calls && calls < 8)
    }

    @Test("what the target refuses is told")
    func failure() throws {
        final class Full: ByteSink {
            func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) {
                throw CFSError(.noSpace, .recording, "full")
            }
        }
        let sink = BufferedSink(Full())
        try sink.write([1, 2, 3])
        #expect(throws: CFSError.self) { try sink.flush() }
    }
}
