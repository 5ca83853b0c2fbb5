import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("A process's streams and its client's")
struct StreamRelayTests {
    private let folder = TemporaryDirectory()
    private let streams: StandardStreams

    init() throws {
        // A reader that is gone is an error number here, not the end of the tests.
        signal(SIGPIPE, SIG_IGN)
        streams = try StandardStreams(interactive: false)
    }

    private func relay(
        output: SharedFD?, error: SharedFD? = nil, log: LogWriter? = nil, isTerminal: Bool = false,
        endsWithReader: Bool = true
    ) -> StreamRelay {
        StreamRelay(
            streams, log: log, client: StandardStreams.Client(output: output, error: error), isTerminal: isTerminal,
            endsWithReader: endsWithReader)
    }

    /// The writing end of a pipe whose reader is gone.
    private func brokenPipe() throws -> SharedFD {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        _ = close(ends[0])
        return SharedFD(OwnedFD(ends[1]))
    }

    /// The process writes; what it gets is zero, or an error number.
    private func write(_ text: String, to number: Int = 1) -> Int32 {
        let count = Array(text.utf8).withUnsafeBytes { File.write(streams.inner[number].raw, $0) }
        return count < 0 ? Int32(-count) : 0
    }

    @Test("an output that nobody reads any more ends for the process, and the other goes on")
    func brokenOutput() throws {
        let poll = try EventPoll()
        let relay = relay(output: try brokenPipe())
        try relay.watch(poll)
        #expect(write("one") == 0)
        relay.handle(10)
        #expect(relay.settle(poll, hasCaller: { true }) == [])
        #expect(write("two") == EPIPE)
        #expect(write("other", to: 2) == 0)
        try relay.watch(poll)
        #expect(try poll.wait().map(\.token) == [12])
        #expect(relay.isFlushed)
    }

    @Test(
        "it goes on where the caller is gone too, where the caller only lent its descriptors, and on a terminal",
        arguments: [(false, true, false), (true, false, false), (true, true, true)])
    func goesOn(hasCaller: Bool, endsWithReader: Bool, isTerminal: Bool) throws {
        let poll = try EventPoll()
        let log = LogWriter(path: folder("log"))
        let relay = relay(output: try brokenPipe(), log: log, isTerminal: isTerminal, endsWithReader: endsWithReader)
        for text in ["one", "two"] {
            try relay.watch(poll)
            #expect(write(text) == 0)
            relay.handle(10)
            #expect(relay.settle(poll, hasCaller: { hasCaller }) == [])
        }
        let logged = try #require(textOfFile(folder("log")))
        #expect(logged.contains("one") && logged.contains("two"))
    }

    @Test("an output that has no room is told once; the process goes on, and the log has everything")
    func fullOutput() throws {
        let poll = try EventPoll()
        let log = LogWriter(path: folder("log"))
        let full = SharedFD(try File.open("/dev/full", .write))
        let relay = relay(output: nil, error: full, log: log, endsWithReader: false)
        var told: [UnwrittenOutput] = []
        for text in ["one", "two"] {
            #expect(write(text, to: 2) == 0)
            relay.handle(12)
            told += relay.settle(poll, hasCaller: { true })
        }
        #expect(told == [UnwrittenOutput(stream: .stderr, errno: ENOSPC)])
        let logged = try #require(textOfFile(folder("log")))
        #expect(logged.contains("one") && logged.contains("two"))
    }

    @Test("what a process wrote last is told of, too")
    func fullAtTheEnd() throws {
        let poll = try EventPoll()
        let relay = relay(output: SharedFD(try File.open("/dev/full", .write)))
        #expect(write("last") == 0)
        relay.processEnded(poll)
        #expect(relay.settle(poll, hasCaller: { true }) == [UnwrittenOutput(stream: .stdout, errno: ENOSPC)])
        #expect(relay.isFlushed)
    }
}
