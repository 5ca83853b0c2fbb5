import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("The log of a container")
struct LogWriterTests {
    private let folder = TemporaryDirectory()

    private struct Line: Equatable {
        var stream: String
        var isWhole: Bool
        var text: [UInt8]
    }

    /// The lines of the log, each of which must have the form that Kubernetes' runtimes write.
    private func lines() throws -> [Line] {
        let bytes = try File.readAll(at: folder("log"))
        try #require(bytes.last == 0x0a)
        return try bytes.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false).map { line in
            let fields = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
            try #require(fields.count == 4)
            #expect(Timestamp.parse(String(decoding: fields[0], as: UTF8.self)) != nil)
            try #require(fields[2].elementsEqual("F".utf8) || fields[2].elementsEqual("P".utf8))
            return Line(
                stream: String(decoding: fields[1], as: UTF8.self), isWhole: fields[2].elementsEqual("F".utf8),
                text: Array(fields[3]))
        }
    }

    /// What a container wrote to a stream, from its log.
    private func content(_ stream: String) throws -> [UInt8] {
        try lines().filter { $0.stream == stream }.flatMap { $0.text + ($0.isWhole ? [0x0a] : []) }
    }

    private func write(_ pieces: [[UInt8]], _ stream: LogStream = .stdout) {
        let log = LogWriter(path: folder("log"))
        for piece in pieces { piece.withUnsafeBytes { log.append($0, stream) } }
    }

    @Test("a line is a line, and says from which stream it is")
    func plain() throws {
        write([Array("one\ntwo\n".utf8)])
        write([Array("three\n".utf8)], .stderr)
        #expect(
            try lines() == [
                Line(stream: "stdout", isWhole: true, text: Array("one".utf8)),
                Line(stream: "stdout", isWhole: true, text: Array("two".utf8)),
                Line(stream: "stderr", isWhole: true, text: Array("three".utf8)),
            ])
    }

    @Test("a piece without a line feed is marked, and the next goes on")
    func pieces() throws {
        write(["on", "e\nt", "", "wo", "\n", "\n"].map { Array($0.utf8) })
        #expect(try lines().map(\.isWhole) == [false, true, false, false, true, true])
        #expect(try content("stdout") == Array("one\ntwo\n\n".utf8))
    }

    @Test("every byte can be read back, whatever it is and however it came")
    func bytes() throws {
        var sent: [UInt8] = []
        var pieces: [[UInt8]] = []
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let piece = (0..<Int.random(in: 0...3000, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            pieces.append(piece)
            sent += piece
        }
        write(pieces)
        #expect(try content("stdout") == sent)
    }

    @Test("a line longer than a piece is written as several")
    func long() throws {
        let sent = [UInt8](repeating: 0x78, count: 40_000) + [0x0a]
        write([sent])
        #expect(try lines().map(\.isWhole) == [false, false, true])
        #expect(try lines().allSatisfy { $0.text.count <= LogWriter.pieceLimit })
        #expect(try content("stdout") == sent)
        // A line feed right behind a full piece.
        try Directory.removeTree(folder("log"))
        write([[UInt8](repeating: 0x78, count: LogWriter.pieceLimit) + [0x0a]])
        #expect(try content("stdout") == [UInt8](repeating: 0x78, count: LogWriter.pieceLimit) + [0x0a])
    }

    @Test("a container that writes nothing has no log, and the log is for the engine only")
    func file() throws {
        write([[]])
        #expect(!File.exists(folder("log")))
        write([[0x61]])
        #expect(try File.status(folder("log")).mode & 0o7777 == 0o600)
    }

    @Test("a log is added to, and never through a link")
    func existing() throws {
        write([Array("one\n".utf8)])
        write([Array("two\n".utf8)])
        #expect(try content("stdout") == Array("one\ntwo\n".utf8))
        try Directory.removeTree(folder("log"))
        let target = folder.write("untouched", to: "target")
        symlink(target, folder("log"))
        write([Array("three\n".utf8)])
        #expect(textOfFile(target) == "untouched")
    }

    @Test("what was cut off is a line by itself, and what comes next is whole", arguments: ["one\ntorn", "rubbish"])
    func torn(cut: String) throws {
        folder.write(cut, to: "log")
        write([Array("next\n".utf8)])
        let lines = try #require(textOfFile(folder("log"))).split(separator: "\n").map(String.init)
        #expect(
            lines.dropLast().joined(separator: "\n") == cut && lines.last?.hasSuffix(" stdout F next") == true,
            "\(lines)")
    }

    private func append(_ text: String, to log: LogWriter) {
        Array(text.utf8).withUnsafeBytes { log.append($0, .stdout) }
    }

    /// What the lines of a log say, without time and stream.
    private static func texts(_ log: String) -> [String] {
        log.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 3).last.map(String.init) ?? "" }
    }

    @Test("a log that has all that came says so")
    func complete() {
        let log = LogWriter(path: folder("log"))
        #expect(log.finish() == nil)
        append("one\n", to: log)
        #expect(log.finish() == nil)
    }

    private static func policy(size: Int, files: Int = 2) -> LogPolicy {
        var policy = LogPolicy()
        (policy.fileSize, policy.fileCount) = (UInt64(size), files)
        return policy
    }

    @Test("as many files as were asked for, oldest last, and never more", arguments: [1, 2, 3, 5])
    func count(files: Int) throws {
        let log = LogWriter(path: folder("log"), Self.policy(size: 300, files: files))
        let sent = (0..<100).map { "line \($0)\n" }
        for (index, text) in sent.enumerated() {
            append(text, to: log)
            #expect(namesInFolder(folder.path).count <= files, "after \(index)")
        }
        #expect(log.finish() == nil)
        let names = (0..<files).reversed().map { $0 == 0 ? "log" : "log.\($0)" }
        #expect(namesInFolder(folder.path).sorted() == names.sorted())
        var whole = ""
        for name in names {
            let text = try #require(textOfFile(folder(name)))
            #expect(text.utf8.count <= 300 && text.last == "\n")
            whole += text
        }
        let texts = Self.texts(whole)
        #expect(texts.count > files * 3)
        #expect(texts == sent.suffix(texts.count).map { String($0.dropLast()) })
    }

    @Test("a file that is full becomes the old one; two files are all that a log takes")
    func rotation() throws {
        let limit = 1000
        let log = LogWriter(path: folder("log"), Self.policy(size: limit))
        let sent = (0..<200).map { "line \($0)\n" }
        for text in sent { append(text, to: log) }
        #expect(log.finish() == nil)
        #expect(namesInFolder(folder.path).sorted() == ["log", "log.1"])
        let old = try #require(textOfFile(folder("log.1")))
        #expect(old.utf8.count <= limit && old.utf8.count > limit / 2)
        #expect(old.last == "\n")
        let texts = Self.texts(old + (textOfFile(folder("log")) ?? ""))
        #expect(texts.count > 20)
        #expect(texts == sent.suffix(texts.count).map { String($0.dropLast()) })
    }

    @Test("many short lines at once are divided among files, and each file keeps its size")
    func shortLines() throws {
        let log = LogWriter(path: folder("log"), Self.policy(size: 1000, files: 9))
        let sent = (0..<100).map { "\($0)" }
        append(sent.map { "\($0)\n" }.joined(), to: log)
        #expect(log.finish() == nil)
        var texts: [String] = []
        for name in (1..<9).reversed().map({ "log.\($0)" }) + ["log"] {
            guard let text = textOfFile(folder(name)) else { continue }
            #expect(text.utf8.count <= 1000 && text.last == "\n")
            texts += Self.texts(text)
        }
        #expect(texts == sent)
    }

    @Test("a piece that is larger than a file makes one by itself")
    func largePiece() throws {
        let log = LogWriter(path: folder("log"), Self.policy(size: 100))
        let pieces = [String(repeating: "a", count: 300) + "\n", String(repeating: "b", count: 300) + "\n"]
        for piece in pieces { append(piece, to: log) }
        #expect(textOfFile(folder("log.1"))?.hasSuffix(pieces[0]) == true)
        #expect(textOfFile(folder("log"))?.hasSuffix(pieces[1]) == true)
    }

    @Test("a log whose file cannot be written says why")
    func full() {
        let log = LogWriter(path: "/dev/full")
        append("one\n", to: log)
        append("two\n", to: log)
        #expect(log.finish() == ENOSPC)
        let missing = LogWriter(path: folder("missing/log"))
        append("one\n", to: missing)
        #expect(missing.finish() == ENOENT)
    }

    @Test("after a full disk the log goes on with whole lines, and says that it lacks some")
    func fullDisk() throws {
        let folder = folder
        try withPrivateMounts {
            folder.makeFolder("small")
            try PrivateMount.make("tmpfs", on: folder("small"), "size=64k")
            let log = LogWriter(path: folder("small/log"))
            folder.write(String(repeating: "x", count: 40_000), to: "small/filler")
            let line = String(repeating: "l", count: 99) + "\n"
            for _ in 0..<1000 { append(line, to: log) }
            try Directory.removeTree(folder("small/filler"))
            append("after\n", to: log)
            #expect(log.finish() == ENOSPC)
            let text = try #require(textOfFile(folder("small/log")))
            #expect(text.last == "\n")
            let written = Self.texts(text)
            #expect(written.count > 50 && written.count < 1000)
            #expect(written.last == "after")
            #expect(written.dropLast().allSatisfy { $0 + "\n" == line })
        }
    }
}
