import OptionsSupport
import Testing

@testable import CFSCore
@testable import CFSOptions
@testable import cfs

@Suite("Printed logs")
struct LogPrinterTests {
    private func line(_ text: String, _ stream: LogStream = .stdout) -> LogLine {
        LogLine(time: 1_795_508_770_000_000_000, stream: stream, bytes: Array(text.utf8))
    }

    private func printed(_ lines: [LogLine], timestamps: Bool) -> [String] {
        var printer = LogPrinter(timestamps: timestamps, follow: false)
        return lines.map { String(decoding: printer.bytes(of: $0), as: UTF8.self) }
    }

    @Test("lines are printed as they were written")
    func plain() {
        #expect(printed([line("a\n"), line("b")], timestamps: false) == ["a\n", "b"])
    }

    @Test("the time stands where a line of a stream begins, and not in its middle")
    func timestamps() {
        let time = "2026-11-24T08:26:10.000000000Z "
        let lines = [line("a"), line("x\n", .stderr), line("b\n"), line("c\n"), line("y", .stderr)]
        #expect(printed(lines, timestamps: true) == ["\(time)a", "\(time)x\n", "b\n", "\(time)c\n", "\(time)y"])
    }

    @Test(
        "a number of lines is a number or all", arguments: [("all", nil), ("0", 0), ("20", 20)] as [(String, Int?)])
    func tail(text: String, count: Int?) throws {
        #expect(try options("--tail", text).tail == count)
    }

    @Test("a wrong number is named", arguments: ["-1", "x", "", "1.5", "+3"])
    func wrongTail(text: String) {
        #expect(
            failure { () throws(CFSError) in try options("--tail", text) }?.message
                == "--tail does not take \"\(text)\"")
    }

    private func options(_ arguments: String...) throws(CFSError) -> LogOptions {
        let canonical = try CanonicalArguments(
            (arguments + ["web"])[...], LogsCommand.optionNames, optionsEndAtFirstWord: false, verb: "logs")
        return try LogsCommand.parse(canonical, name: "logs").options(now: 0)
    }
}
