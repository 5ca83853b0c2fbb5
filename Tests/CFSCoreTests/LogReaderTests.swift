import CFSModel
import Foundation
import Glibc
import TestSupport
import Testing

@testable import CFSCore
@testable import CFSMonitor

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
        #expect(try reader.nextLine() == nil)
        let stamp = "2026-01-02T03:04:05.000000006Z"
        folder.write("\(stamp) stdout F on", to: "log")
        #expect(try reader.nextLine() == nil)
        folder.append("e\n\ngarbage\n\(stamp) stderr F two\n", to: "log")
        #expect(try reader.nextLine()?.bytes == Array("one\n".utf8))
        #expect(!reader.isDamaged)
        #expect(try reader.nextLine()?.bytes == Array("two\n".utf8))
        #expect(try reader.nextLine() == nil)
        #expect(reader.isDamaged)
    }

    @Test("bytes that are no text come through as they are")
    func binary() {
        let bytes = Array("2026-01-02T03:04:05Z stdout P ".utf8) + [0, 0xff, 0xfe, 0x20]
        #expect(LogReader.parse(bytes[...])?.bytes == [0, 0xff, 0xfe, 0x20])
    }

    /// Lines of a log with these texts.
    private func lines(_ texts: Range<Int>) -> String {
        texts.map { "2026-01-02T03:04:05.000000006Z stdout F \($0)\n" }.joined()
    }

    /// The numbers that a reader has for now.
    private func numbers(_ reader: LogReader) throws -> [Int] {
        var found: [Int] = []
        while let line = try reader.nextLine() {
            found.append(try #require(Int(String(decoding: line.bytes.dropLast(), as: UTF8.self))))
        }
        return found
    }

    private var reader: LogReader { LogReader(path: folder("log")) }

    /// As the writer does it.
    private func rotate() { #expect(rename(folder("log"), folder("log.1")) == 0) }

    @Test(
        "a reader that falls behind the oldest file knows that something may be missing, and one that keeps up does not"
    )
    func gap() throws {
        let reader = reader
        for round in 0..<5 {
            folder.write(lines(round..<round + 1), to: "log")
            #expect(try numbers(reader) == [round] && reader.gaps == 0)
            rotate()
        }
        for round in 5..<8 {
            folder.write(lines(round..<round + 1), to: "log")
            rotate()
        }
        folder.write(lines(8..<9), to: "log")
        #expect(try numbers(reader) == [7, 8] && reader.gaps == 1)
    }

    @Test("the old file is read before the one that grows")
    func oldFile() throws {
        folder.write(lines(0..<3), to: "log.1")
        #expect(try numbers(reader) == Array(0..<3))
        folder.write(lines(3..<5), to: "log")
        #expect(try numbers(reader) == Array(0..<5))
    }

    @Test("a reader that keeps up gets each line once, however often the file becomes the old one")
    func rotation() throws {
        let reader = reader
        var (written, read) = (0, [Int]())
        for round in 0..<6 {
            folder.write(lines(written..<written + 3), to: "log")
            written += 3
            if round % 2 == 0 { read += try numbers(reader) }
            // More behind what the reader has seen, then the file is full.
            folder.append(lines(written..<written + 2), to: "log")
            written += 2
            rotate()
            // No file at this moment: nothing new, and no end.
            if round % 3 == 0 { read += try numbers(reader) }
        }
        read += try numbers(reader)
        #expect(read == Array(0..<written))
    }

    @Test(
        "a reader in the middle of a file goes on to the next, also when that has become the old one and is gone by then"
    )
    func behind() throws {
        // More than is read at once.
        let count = 4000
        let reader = reader
        folder.write(lines(0..<count), to: "log")
        #expect(try reader.nextLine()?.bytes == Array("0\n".utf8))
        rotate()
        folder.write(lines(count..<count + 2), to: "log")
        var read: [Int] = [0]
        for _ in 1..<count - 1 {
            let line = try #require(try reader.nextLine())
            read.append(try #require(Int(String(decoding: line.bytes.dropLast(), as: UTF8.self))))
        }
        #expect(unlink(folder("log")) == 0 && unlink(folder("log.1")) == 0)
        read += try numbers(reader)
        #expect(read == Array(0..<count + 2))
    }

    @Test("a reader whose next file is gone goes on with the oldest that there is")
    func farBehind() throws {
        let reader = reader
        folder.write(lines(0..<2), to: "log")
        #expect(try numbers(reader) == [0, 1])
        rotate()
        folder.write(lines(2..<4), to: "log")
        rotate()
        folder.write(lines(4..<6), to: "log")
        rotate()
        folder.write(lines(6..<8), to: "log")
        #expect(try numbers(reader) == [4, 5, 6, 7])
    }

    @Test("with an end, all that was there is read, also when its files are gone, and what came later only without it")
    func presentEnd() throws {
        let reader = reader
        try reader.stopAtPresentEnd()
        folder.write(lines(0..<2), to: "log")
        #expect(try numbers(reader) == [])
        reader.goOn()
        #expect(try numbers(reader) == [0, 1])

        let second = self.reader
        rotate()
        folder.write(lines(2..<4), to: "log")
        try second.stopAtPresentEnd()
        folder.append(lines(4..<5), to: "log")
        rotate()
        folder.write(lines(5..<6), to: "log")
        rotate()
        folder.write(lines(6..<7), to: "log")
        #expect(try numbers(second) == [0, 1, 2, 3] && second.gaps == 0)
        second.goOn()
        #expect(try numbers(second) == [4, 5, 6])

        try second.stopAtPresentEnd()
        folder.append(lines(7..<8), to: "log")
        rotate()
        folder.write(lines(8..<9), to: "log")
        #expect(try numbers(second) == [])
    }

    @Test("a line that is written when the end is taken is read to its end")
    func endWithinLine() throws {
        let line = lines(0..<1)
        folder.write(lines(0..<1) + line.prefix(line.count / 2), to: "log")
        let reader = reader
        try reader.stopAtPresentEnd()
        #expect(try numbers(reader) == [0])
        folder.append(line.suffix(line.count - line.count / 2) + lines(1..<2), to: "log")
        #expect(try numbers(reader) == [0])
        #expect(try numbers(reader) == [])
    }

    /// As the writer does it, with this many files.
    private func rotate(_ files: Int) {
        for age in stride(from: files - 1, to: 1, by: -1) {
            _ = rename(folder("log.\(age - 1)"), folder("log.\(age)"))
        }
        if files > 1 { rotate() } else { #expect(unlink(folder("log")) == 0) }
    }

    @Test("several files are read in their order, oldest first, also with a gap between them")
    func severalFiles() throws {
        for (name, start) in [("log.3", 0), ("log.1", 2), ("log", 4)] {
            folder.write(lines(start..<start + 2), to: name)
        }
        #expect(try numbers(LogReader(path: folder("log"), fileCount: 5)) == Array(0..<6))
        // What belongs to no log with so many files is not read.
        #expect(try numbers(LogReader(path: folder("log"), fileCount: 3)) == Array(2..<6))
    }

    @Test(
        "however often files take turns between two looks, no line comes twice and none that is there is missed",
        arguments: [1, 2, 3, 4, 7], [1, 2, 3, 5, 11])
    func manyRotations(files: Int, turnsPerLook: Int) throws {
        let reader = LogReader(path: folder("log"), fileCount: files)
        var (written, read) = (0, [Int]())
        for _ in 0..<5 {
            for _ in 0..<turnsPerLook {
                folder.write(lines(written..<written + 3), to: "log")
                written += 3
                rotate(files)
            }
            folder.write(lines(written..<written + 2), to: "log")
            let there = try numbers(LogReader(path: folder("log"), fileCount: files))
            let found = try numbers(reader)
            // All that is new of what is there, behind what was still to come of the reader's own file.
            let new = there.filter { $0 > read.last ?? -1 }
            #expect(found.suffix(new.count) == new[...] && found.first ?? 0 > read.last ?? -1)
            read += found
            folder.append(lines(written + 2..<written + 3), to: "log")
            written += 3
            rotate(files)
        }
        #expect(Set(read).count == read.count && read == read.sorted())
        if files > turnsPerLook + 1 { #expect(read.count > written - 2) }
    }

    @Test("nothing comes twice or out of order while a writer goes on at the same time", arguments: [1, 2, 3, 6])
    func concurrent(files: Int) throws {
        let path = folder("log")
        let count = 3000
        // A thread of its own: tests wait on those of Swift's concurrency.
        Thread.detachNewThread {
            var policy = LogPolicy()
            (policy.fileSize, policy.fileCount) = (2000, files)
            let log = LogWriter(path: path, policy)
            for number in 0..<count { Array("\(number)\n".utf8).withUnsafeBytes { log.append($0, .stdout) } }
        }
        let reader = LogReader(path: path, fileCount: files)
        var read: [Int] = []
        let end = monotonicSeconds() + 60
        while read.last != count - 1, monotonicSeconds() < end { read += try numbers(reader) }
        #expect(read.last == count - 1)
        // A slow reader may have lost files.
        #expect(zip(read, read.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("half a line at the end of a file does not spoil the next file's first")
    func halfLine() throws {
        folder.write(lines(0..<1) + "2026-01-02T03:04:05.000000006Z std", to: "log.1")
        folder.write(lines(1..<2), to: "log")
        #expect(try numbers(reader) == [0, 1])
    }
}
