import CFSModel
import TestSupport
import Testing

@testable import CFSCore

@Suite("Reading a log")
struct LogReaderTests {
    let folder = TemporaryDirectory()

    static func line(_ text: String) -> LogLine? { LogReader.parse(ArraySlice(text.utf8)) }

    @Test("a whole line gets its line feed back, a part does not")
    func parts() {
        let full = Self.line("2026-01-02T03:04:05.000000006Z stdout F a b  c")
        #expect(full?.bytes == Array("a b  c\n".utf8))
        #expect(full?.stream == .stdout)
        #expect(full?.time == Timestamp.parse("2026-01-02T03:04:05.000000006Z"))
        let part = Self.line("2026-01-02T03:04:05.000000006Z stderr P x")
        #expect(part?.bytes == [0x78])
        #expect(part?.stream == .stderr)
        #expect(Self.line("2026-01-02T03:04:05.000000006Z stdout F ")?.bytes == [0x0a])
    }

    @Test(
        "what is no line of a log is none",
        arguments: ["", "x", "2026 stdout F a", "2026-01-02T03:04:05Z both F a", "2026-01-02T03:04:05Z stdout X a"])
    func malformed(_ text: String) { #expect(Self.line(text) == nil) }

    @Test("a line that is written in two halves comes once, when it is whole; one that is damaged is passed over")
    func growing() throws {
        let path = folder("log")
        let reader = LogReader(path: path)
        #expect(try reader.next() == nil)
        let stamp = "2026-01-02T03:04:05.000000006Z"
        folder.write("\(stamp) stdout F on", to: "log")
        #expect(try reader.next() == nil)
        folder.append("e\ngarbage\n\(stamp) stderr F two\n", to: "log")
        #expect(try reader.next()?.bytes == Array("one\n".utf8))
        #expect(try reader.next()?.bytes == Array("two\n".utf8))
        #expect(try reader.next() == nil)
    }

    @Test("bytes that are no text come through as they are")
    func binary() {
        let bytes = Array("2026-01-02T03:04:05Z stdout P ".utf8) + [0, 0xff, 0xfe, 0x20]
        #expect(LogReader.parse(bytes[...])?.bytes == [0, 0xff, 0xfe, 0x20])
    }
}
