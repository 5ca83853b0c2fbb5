import CFSCore
import OptionsSupport
import Synchronization
import Testing

@testable import CFSOptions
@testable import cfs

@Suite("Progress")
struct ProgressTests {
    private func bar(_ done: UInt64, of total: UInt64?, columns: Int = 60) -> String {
        ProgressBar.line(ImportProgress(.downloading, done: done, total: total), columns: columns)
    }

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

    /// Every line has 59 cells: 11 of the phase, 2 and 2 around the bar, and the numbers.
    @Test("a bar fills from the left")
    func bar() {
        #expect(bar(0, of: 1024) == "downloading [>\(spaces(25))]   0%  0B of 1.0KiB")
        #expect(bar(512, of: 1024) == "downloading [============>\(spaces(11))]  50%  512B of 1.0KiB")
        #expect(bar(1024, of: 1024) == "downloading [======================] 100%  1.0KiB of 1.0KiB")
    }

    @Test("more than all is all")
    func over() { #expect(bar(4096, of: 1024).contains("100%")) }

    @Test("without an end there is no bar")
    func endless() {
        #expect(bar(2048, of: nil) == "downloading  2.0KiB")
        #expect(bar(0, of: nil) == "downloading")
    }

    @Test("a line never reaches the last column", arguments: [0, 1, 8, 20, 40, 41, 60, 80, 200])
    func fits(columns: Int) {
        for done: UInt64 in [0, 1, 999, 1 << 40] {
            #expect(bar(done, of: 1 << 40, columns: columns).count <= max(0, columns - 1))
        }
    }

    private final class Written: Sendable {
        let texts = Mutex<[String]>([])
        func display(_ kind: ProgressDisplay.Kind) -> ProgressDisplay {
            ProgressDisplay(kind) { text in self.texts.withLock { $0.append(text) } }
        }
        var all: [String] { texts.withLock { $0 } }
    }

    private static let course = [
        ImportProgress(.downloading, done: 0, total: 1024), ImportProgress(.downloading, done: 512, total: 1024),
        ImportProgress(.unpacking, done: 0, total: nil),
    ]

    @Test("without a terminal each phase has one line")
    func lines() {
        let written = Written()
        let display = written.display(.lines)
        for progress in Self.course { display.show(progress) }
        display.finish()
        #expect(written.all == ["downloading (1.0KiB)\n", "unpacking\n"])
    }

    @Test("on a terminal the bar is drawn over itself, and taken away at the end")
    func drawn() {
        let written = Written()
        let display = written.display(.bar)
        for progress in Self.course { display.show(progress) }
        display.finish()
        display.finish()
        let all = written.all
        #expect(all.allSatisfy { $0.hasPrefix("\r\u{1b}[K") && !$0.contains("\n") })
        #expect(all.first?.contains("downloading") == true)
        #expect(all.last == "\r\u{1b}[K")
        #expect(all.filter { $0 == "\r\u{1b}[K" }.count == 1)
    }

    @Test("whoever wants quiet gets nothing")
    func quiet() {
        let written = Written()
        let display = written.display(.nothing)
        for progress in Self.course { display.show(progress) }
        display.finish()
        #expect(written.all.isEmpty)
    }

    @Test("the kind follows the terminal")
    func kind() {
        let dumb = Caller(variable: { $0 == "TERM" ? "dumb" : nil }, directory: "/")
        #expect(ProgressDisplay.Kind(quiet: false, isTerminal: true, .sample) == .bar)
        #expect(ProgressDisplay.Kind(quiet: false, isTerminal: false, .sample) == .lines)
        #expect(ProgressDisplay.Kind(quiet: false, isTerminal: true, dumb) == .lines)
        #expect(ProgressDisplay.Kind(quiet: true, isTerminal: true, .sample) == .nothing)
    }
}
