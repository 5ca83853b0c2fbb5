import CFSCore
import CFSLinux
import Glibc
import TestSupport
import Testing

@testable import cfs

@Suite("What is typed, on its way to a command")
struct KeyboardFeedTests {
    private let typed: Pipe
    private let command: Pipe

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        (typed, command) = (try Pipe(), try Pipe())
    }

    private func feed(_ keys: [UInt8] = [16, 17]) throws -> KeyboardFeed {
        try KeyboardFeed(from: typed.reading.raw, to: command.writing, keys: keys, tokens: (1, 2))
    }

    private func type(_ bytes: [UInt8]) throws { try File.writeAll(typed.writing.raw, bytes) }

    private func received() throws -> [UInt8] { try File.read(command.reading.raw, atMost: 1 << 20) }

    @Test("goes on, and the keys that detach say so")
    func moves() throws {
        let feed = try feed()
        try type([1, 2, 16])
        #expect(try !feed.move())
        #expect(try received() == [1, 2])
        try type([17])
        #expect(try feed.move())
    }

    @Test("waits while the command does not read, and nothing is lost")
    func slow() throws {
        let poll = try EventPoll()
        let feed = try feed()
        let size = 64 << 10
        let filler = [UInt8](repeating: 0, count: size)
        #expect(filler.withUnsafeBytes { File.write(command.writing.raw, $0) } == size)
        try type([1, 2])
        #expect(try !feed.move())
        try type([3])
        try feed.watch(poll)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
        #expect(try received().count == size)
        #expect(try poll.wait(milliseconds: 0).map(\.token) == [2])
        #expect(try !feed.move())
        try feed.watch(poll)
        #expect(try poll.wait(milliseconds: 0).map(\.token) == [1])
        #expect(try !feed.move())
        #expect(try received() == [1, 2, 3])
    }

    @Test("ends with what was held back")
    func end() throws {
        let poll = try EventPoll()
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        let source = OwnedFD(ends[0])
        do {
            let writing = OwnedFD(ends[1])
            try File.writeAll(writing.raw, [5, 16])
        }
        let feed = try KeyboardFeed(from: source.raw, to: command.writing, keys: [16, 17], tokens: (1, 2))
        #expect(try !feed.move())
        #expect(try received() == [5])
        #expect(try !feed.move())
        #expect(try received() == [16])
        try feed.watch(poll)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
        #expect(!feed.isReadyWithoutEvent)
    }

    @Test("a command that takes nothing any more costs nothing, and its keys still detach")
    func broken() throws {
        let poll = try EventPoll()
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        close(ends[0])
        let sink = SharedFD(OwnedFD(ends[1]))
        let feed = try KeyboardFeed(from: typed.reading.raw, to: sink, keys: [16, 17], tokens: (1, 2))
        try type([1])
        #expect(try !feed.move())
        try feed.watch(poll)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
        try type([16, 17])
        #expect(try poll.wait(milliseconds: 0).map(\.token) == [1])
        #expect(try feed.move())
    }

    @Test("a file is read without events")
    func file() throws {
        let poll = try EventPoll()
        let folder = TemporaryDirectory()
        let file = try File.open(folder.write("from a file", to: "f"), .read)
        let feed = try KeyboardFeed(from: file.raw, to: command.writing, keys: [], tokens: (1, 2))
        try feed.watch(poll)
        #expect(feed.isReadyWithoutEvent)
        while feed.isReadyWithoutEvent { #expect(try !feed.move()) }
        #expect(try received() == Array("from a file".utf8))
    }
}

@Suite("What a session says to its caller")
struct SessionNotesTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("the third Ctrl-C within two seconds kills, and the second says so")
    func interrupts() {
        var count = InterruptCount()
        let start = 100 * Self.second
        #expect(count.take(now: start) == .pass)
        #expect(count.take(now: start + Self.second) == .warn)
        #expect(count.take(now: start + 2 * Self.second) == .kill)
    }

    @Test("a Ctrl-C now and then is the command's")
    func patientInterrupts() {
        var count = InterruptCount()
        for turn in 1...5 { #expect(count.take(now: UInt64(turn) * 3 * Self.second) == .pass) }
        #expect(count.take(now: 16 * Self.second) == .warn)
        #expect(count.take(now: 19 * Self.second) == .pass)
    }

    @Test("what was skipped is said at once, then once a second with all that came, and at the end")
    func skipped() {
        var note = SkipNote()
        #expect(note.take(now: 5 * Self.second) == nil)
        #expect(note.patience(now: 5 * Self.second) == -1)
        note.add(SkippedOutput(output: 1000, error: 24))
        #expect(note.take(now: 5 * Self.second)?.hasPrefix("1.0KiB of output skipped") == true)
        note.add(SkippedOutput(output: 1))
        note.add(SkippedOutput(error: 2))
        #expect(note.take(now: 5 * Self.second + 1) == nil)
        #expect(note.patience(now: 5 * Self.second) == 1000)
        #expect(note.take(now: 6 * Self.second)?.hasPrefix("3B of output skipped") == true)
        #expect(note.take(now: 9 * Self.second, last: true) == nil)
        note.add(SkippedOutput(output: 7))
        #expect(note.take(now: 6 * Self.second, last: true)?.hasPrefix("7B") == true)
    }
}
