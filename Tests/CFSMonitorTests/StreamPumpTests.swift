import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("Moving bytes from one descriptor to another")
struct StreamPumpTests {
    /// A pipe of which neither end waits.
    private final class Pipe {
        private(set) var read: SharedFD?
        private(set) var write: SharedFD?

        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(Glibc.pipe(&ends) == 0)
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                try StandardStreams.setNonBlocking(end)
            }
            (read, write) = (SharedFD(OwnedFD(ends[0])), SharedFD(OwnedFD(ends[1])))
        }

        func takeRead() throws -> SharedFD {
            defer { read = nil }
            return try #require(read)
        }

        func takeWrite() throws -> SharedFD {
            defer { write = nil }
            return try #require(write)
        }

        func closeRead() { read = nil }
        func closeWrite() { write = nil }

        func send(_ bytes: [UInt8]) throws { try File.writeAll(try #require(write).raw, bytes) }

        /// Writes until no more fits; returns how much that was.
        func fill() throws -> Int {
            let bytes = [UInt8](repeating: 0, count: 4096)
            var total = 0
            while true {
                let count = bytes.withUnsafeBytes { File.write(write?.raw ?? -1, $0) }
                if count < 0 { return total }
                total += count
            }
        }

        /// What lies in it; nil at its end.
        func receive() throws -> [UInt8]? {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = buffer.withUnsafeMutableBytes { File.read(read?.raw ?? -1, into: $0) }
                if count == -ErrorCode.again { return all }
                if count <= 0 { return all.isEmpty ? nil : all }
                all += buffer[..<count]
            }
        }
    }

    private let source: Pipe
    private let sink: Pipe

    init() throws {
        // A reader that is gone is an error number here, not the end of the tests.
        signal(SIGPIPE, SIG_IGN)
        (source, sink) = (try Pipe(), try Pipe())
    }

    private func pump(
        closesSink: Bool = true, observe: @escaping (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws -> StreamPump {
        StreamPump(
            from: try source.takeRead(), to: try sink.takeWrite(), tokens: (1, 2), closesSink: closesSink,
            observe: observe)
    }

    @Test("bytes go on as they came, and are seen on the way")
    func moves() throws {
        var seen: [UInt8] = []
        let pump = try pump { seen += $0 }
        try source.send([1, 2, 3])
        #expect(pump.move())
        #expect(try sink.receive() == [1, 2, 3])
        #expect(seen == [1, 2, 3])
        #expect(!pump.move())
        #expect(!pump.isFinished)
    }

    @Test("the end of the source is the end of the sink, where that is wanted", arguments: [true, false])
    func end(closesSink: Bool) throws {
        let pump = try pump(closesSink: closesSink)
        try source.send([1])
        source.closeWrite()
        #expect(pump.move())
        #expect(!pump.move())
        #expect(pump.isFinished)
        #expect(try sink.receive() == [1])
        #expect(try sink.receive() == (closesSink ? nil : []))
    }

    @Test("while a reader is behind nothing more is read, and nothing is lost")
    func slowReader() throws {
        let filled = try sink.fill()
        let pump = try pump()
        try source.send([UInt8](repeating: 7, count: 50_000))
        #expect(pump.move())
        #expect(pump.hasPending)
        #expect(pump.move())
        #expect(pump.hasPending)
        #expect(try sink.receive()?.count == filled)
        var received: [UInt8] = []
        source.closeWrite()
        while !pump.isFinished || pump.hasPending {
            pump.move()
            received += try sink.receive() ?? []
        }
        #expect(received == [UInt8](repeating: 7, count: 50_000))
    }

    @Test("a reader that is gone costs the writer nothing, and what it writes is still seen")
    func goneReader() throws {
        var count = 0
        let pump = try pump { count += $0.count }
        sink.closeRead()
        try source.send([1, 2])
        #expect(pump.move())
        #expect(!pump.hasPending)
        try source.send([3])
        #expect(pump.move())
        #expect(count == 3)
        #expect(!pump.isFinished)
        let poll = try EventPoll()
        #expect(pump.takeFailure(poll) == EPIPE)
        #expect(pump.takeFailure(poll) == nil)
        try source.send([4])
        #expect(pump.move())
        #expect(pump.takeFailure(poll) == nil)
        #expect(count == 4)
    }

    @Test("a sink that has no room says so once, and what comes later is still seen")
    func fullSink() throws {
        var seen: [UInt8] = []
        let full = SharedFD(try File.open("/dev/full", .write))
        let pump = StreamPump(from: try source.takeRead(), to: full, tokens: (1, 2), closesSink: true) { seen += $0 }
        let poll = try EventPoll()
        for byte in [1, 2] as [UInt8] {
            try source.send([byte])
            #expect(pump.move())
            #expect(!pump.hasPending)
            #expect(pump.takeFailure(poll) == (byte == 1 ? ENOSPC : nil))
        }
        #expect(seen == [1, 2])
        #expect(!pump.isFinished)
    }

    @Test("a sink that others have open as well is not watched any longer once it was dropped")
    func sharedSink() throws {
        let poll = try EventPoll()
        _ = try sink.fill()
        let pump = StreamPump(
            from: try source.takeRead(), to: SharedFD(try #require(sink.write).duplicate()), tokens: (1, 2),
            closesSink: true)
        try source.send([1])
        pump.move()
        try pump.watch(poll)
        sink.closeRead()
        #expect(try poll.wait().map(\.token) == [2])
        pump.flush()
        #expect(pump.takeFailure(poll) == EPIPE)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
    }

    @Test("a source that was closed is a broken pipe for its writer")
    func closedSource() throws {
        let pump = try pump()
        let poll = try EventPoll()
        try pump.watch(poll)
        try source.send([1])
        pump.closeSource(poll)
        #expect(#expect(throws: CFSError.self) { try source.send([2]) }?.errno == EPIPE)
        #expect(pump.isFinished)
        #expect(!pump.move())
        try pump.watch(poll)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
    }

    @Test("after the writer's end all that lies in the pipe goes on, also past a slow reader")
    func drain() throws {
        let filled = try sink.fill()
        let sent = (0..<60_000).map { UInt8(truncatingIfNeeded: $0) }
        try source.send(sent)
        let pump = try pump()
        pump.expectEnd()
        pump.drain()
        #expect(pump.hasPending)
        #expect(try sink.receive()?.count == filled)
        var received: [UInt8] = []
        while pump.hasPending {
            pump.flush()
            pump.drain()
            received += try sink.receive() ?? []
        }
        #expect(received == sent)
    }

    @Test("who else writes without end into the pipe does not hold the end up")
    func endless() throws {
        let zero = SharedFD(try File.open("/dev/zero", .read))
        var count = 0
        let pump = StreamPump(from: zero, to: nil, tokens: (1, 2), closesSink: true) { count += $0.count }
        pump.expectEnd()
        pump.drain()
        #expect(pump.isFinished)
        #expect(count == 1 << 20)
    }

    @Test("the poll is asked for what is of use, and only for that")
    func watching() throws {
        let poll = try EventPoll()
        let filled = try sink.fill()
        let pump = try pump()
        try pump.watch(poll)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
        try source.send([1])
        #expect(try poll.wait().map(\.token) == [1])
        pump.move()
        try pump.watch(poll)
        // Behind: only the reader counts now.
        #expect(try poll.wait(milliseconds: 0).isEmpty)
        #expect(try sink.receive()?.count == filled)
        #expect(try poll.wait().map(\.token) == [2])
        pump.flush()
        try pump.watch(poll)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
        pump.stop(poll)
        try source.send([2])
        #expect(try poll.wait(milliseconds: 0).isEmpty)
    }

    @Test("a file has no events, and is moved without them")
    func files() throws {
        let folder = TemporaryDirectory()
        let file = SharedFD(try File.open(folder.write("from a file", to: "f"), .read))
        let pump = StreamPump(from: file, to: try sink.takeWrite(), tokens: (1, 2), closesSink: true)
        let poll = try EventPoll()
        try pump.watch(poll)
        #expect(pump.isReadyWithoutEvent)
        while pump.isReadyWithoutEvent { pump.move() }
        #expect(pump.isFinished)
        #expect(try sink.receive() == Array("from a file".utf8))
        #expect(try sink.receive() == nil)
    }
}
