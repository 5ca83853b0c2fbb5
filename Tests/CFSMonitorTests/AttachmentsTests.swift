import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("Clients that have joined a container's streams")
struct AttachmentsTests {
    /// A client's own ends of its pipes.
    private final class Client {
        let pair: SocketPair
        let token: UInt64
        private(set) var output: SharedFD?
        private(set) var error: SharedFD?
        private(set) var input: SharedFD?
        /// The other ends, which the monitor gets.
        private var theirs: [SharedFD] = []

        init(_ clients: ClientConnections, _ poll: borrowing EventPoll, input: Bool) throws {
            pair = try SocketPair()
            token = try clients.add(SharedFD(OwnedFD(fcntl(pair.ours, F_DUPFD_CLOEXEC, 3))), poll)
            let (out, err) = (try Client.pipe(), try Client.pipe())
            (output, error) = (out.read, err.read)
            theirs = [out.write, err.write]
            if input {
                let typed = try Client.pipe()
                self.input = typed.write
                theirs.append(typed.read)
            }
        }

        private static func pipe() throws -> (read: SharedFD, write: SharedFD) {
            var ends: [Int32] = [-1, -1]
            try #require(Glibc.pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            try StandardStreams.setNonBlocking(ends[0])
            return (SharedFD(OwnedFD(ends[0])), SharedFD(OwnedFD(ends[1])))
        }

        /// Asks to join.
        func send(descriptors: Int? = nil) throws {
            let files = theirs.map(\.raw).prefix(descriptors ?? theirs.count)
            try MessageSocket.send(
                pair.theirs, MonitorMessage.attach(AttachRequest(input: input != nil)).bytes, descriptors: Array(files))
            theirs = []
        }

        func hear() throws -> MonitorMessage? { try MonitorMessage.receive(from: pair.theirs) }

        /// What lies in a pipe; nil at its end.
        func read(_ stream: LogStream = .stdout) throws -> [UInt8]? {
            let end = try #require(stream == .stdout ? output : error)
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = buffer.withUnsafeMutableBytes { File.read(end.raw, into: $0) }
                if count == -ErrorCode.again { return all }
                if count <= 0 { return all.isEmpty ? nil : all }
                all += buffer[..<count]
            }
        }

        func closeOutput() { output = nil }
        func closeInput() { input = nil }
    }

    private let streams: StandardStreams
    private let relay: StreamRelay
    private let clients = ClientConnections()

    init() throws {
        // A reader that is gone is an error number here, not the end of the tests.
        signal(SIGPIPE, SIG_IGN)
        streams = try StandardStreams(interactive: true)
        relay = StreamRelay(
            streams, log: nil, client: StandardStreams.Client(keepsInput: true), isTerminal: false,
            endsWithReader: false)
    }

    private func join(_ poll: borrowing EventPoll, input: Bool = false) throws -> Client {
        let client = try Client(clients, poll, input: input)
        try client.send()
        serve(client, poll)
        #expect(try client.hear() == .attached(AttachAnswer(pid: 7, terminal: false, input: true)))
        return client
    }

    private func serve(_ client: Client, _ poll: borrowing EventPoll) {
        guard let message = clients.receive(client.token, poll) else { return }
        relay.answer(message, from: client.token, clients, poll, pid: 7)
    }

    /// One round of the monitor's loop.
    private func turn(_ poll: borrowing EventPoll) throws {
        try relay.watch(poll)
        for event in try poll.wait(milliseconds: 0) {
            switch event.token {
            case StreamRelay.tokens: relay.handle(event.token)
            case Attachments.tokens: relay.attachments.handle(event.token, poll)
            default: continue
            }
        }
        _ = relay.settle(poll, hasCaller: { false })
        relay.attachments.tellSkipped(clients)
    }

    /// The container writes.
    private func write(_ bytes: [UInt8], to number: Int = 1) throws {
        try File.writeAll(streams.inner[number].raw, bytes)
    }

    @Test("each gets the same, on the same stream, from the moment it came")
    func same() throws {
        let poll = try EventPoll()
        let first = try join(poll)
        try write([1])
        try turn(poll)
        let second = try join(poll)
        try write([2])
        try write([3], to: 2)
        try turn(poll)
        #expect(try first.read() == [1, 2])
        #expect(try second.read() == [2])
        #expect(try first.read(.stderr) == [3])
        #expect(try second.read(.stderr) == [3])
    }

    @Test("one that does not read is not waited for, and hears how much it missed as soon as it reads again")
    func slow() throws {
        let poll = try EventPoll()
        let (slow, quick) = (try join(poll), try join(poll))
        var sent = 0
        var received = 0
        // Twice what any pipe of a client holds.
        while sent < 2 * Int(AttachedOutput.pipeSize) {
            try write([UInt8](repeating: 5, count: 32 << 10))
            sent += 32 << 10
            try turn(poll)
            received += try quick.read()?.count ?? 0
        }
        #expect(received == sent)
        #expect(MessageSocket.hasMessage(quick.pair.theirs) == false)
        // Not a word meanwhile.
        #expect(MessageSocket.hasMessage(slow.pair.theirs) == false)
        let got = try #require(try slow.read()).count
        #expect(got >= 64 << 10 && got < sent)
        try turn(poll)
        #expect(try slow.hear() == .skipped(SkippedOutput(output: sent - got)))
        // And it gets what comes from then on.
        try write([9])
        try turn(poll)
        #expect(try slow.read() == [9])
        #expect(try quick.read() == [9])
        #expect(MessageSocket.hasMessage(slow.pair.theirs) == false)
    }

    @Test("what it missed is told at the end, if never before")
    func slowToTheEnd() throws {
        let poll = try EventPoll()
        let slow = try join(poll)
        var sent = 0
        while sent < 2 * Int(AttachedOutput.pipeSize) {
            try write([UInt8](repeating: 5, count: 32 << 10), to: 2)
            sent += 32 << 10
            try turn(poll)
        }
        relay.attachments.tellSkipped(clients, last: true)
        let got = try #require(try slow.read(.stderr)).count
        #expect(try slow.hear() == .skipped(SkippedOutput(error: sent - got)))
    }

    @Test("one whose reader has gone, or that has left, costs nobody anything")
    func gone() throws {
        let poll = try EventPoll()
        let (gone, left, there) = (try join(poll), try join(poll, input: true), try join(poll))
        gone.closeOutput()
        left.pair.closeTheirs()
        #expect(clients.receive(left.token, poll) == nil)
        try relay.forget(left.token, poll)
        #expect(try left.read() == nil)
        for byte in [1, 2] as [UInt8] {
            try write([byte])
            try turn(poll)
        }
        #expect(try there.read() == [1, 2])
    }

    @Test("the end of an output is seen by all, also by those who come later")
    func end() throws {
        let poll = try EventPoll()
        let client = try join(poll)
        try write([1])
        streams.closeInner()
        for _ in 0..<3 { try turn(poll) }
        #expect(try client.read() == [1])
        #expect(try client.read() == nil)
        #expect(try client.read(.stderr) == nil)
        let late = try join(poll)
        #expect(try late.read() == nil)
    }

    @Test("all may write, and the end of one's input is not the container's")
    func input() throws {
        let poll = try EventPoll()
        let (first, second) = (try join(poll, input: true), try join(poll, input: true))
        let source = streams.inner[0].raw
        try StandardStreams.setNonBlocking(source)
        func read() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 100)
            let count = buffer.withUnsafeMutableBytes { File.read(source, into: $0) }
            return count == 0 ? nil : Array(buffer[..<max(0, count)])
        }
        try File.writeAll(try #require(first.input).raw, [1])
        try turn(poll)
        #expect(read() == [1])
        first.closeInput()
        for _ in 0..<2 { try turn(poll) }
        #expect(read() == [])
        try File.writeAll(try #require(second.input).raw, [2])
        try turn(poll)
        #expect(read() == [2])
        // What was written straight before leaving arrives.
        try File.writeAll(try #require(second.input).raw, [3])
        try relay.forget(second.token, poll)
        #expect(read() == [3])
        #expect(read() == [])
    }

    @Test("where the starter has the input, its end is the end for all")
    func starterInput() throws {
        let poll = try EventPoll()
        let (streams, null) = (try StandardStreams(interactive: true), SharedFD(try File.open("/dev/null", .read)))
        let relay = StreamRelay(
            streams, log: nil, client: StandardStreams.Client(input: null), isTerminal: false, endsWithReader: false)
        #expect(relay.inputEnd != nil)
        try relay.watch(poll)
        relay.moveWhatNeedsNoEvent()
        _ = relay.settle(poll, hasCaller: { true })
        #expect(relay.inputEnd == nil)
        var byte: UInt8 = 0
        let count = withUnsafeMutableBytes(of: &byte) { File.read(streams.inner[0].raw, into: $0) }
        #expect(count == 0)
    }

    @Test("what cannot be done is refused, and the client stays")
    func refused() throws {
        let poll = try EventPoll()
        let client = try Client(clients, poll, input: true)
        try client.send(descriptors: 2)
        serve(client, poll)
        guard case .refused(let reason) = try client.hear() else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("2 descriptors"))
        let file = SharedFD(try File.open("/dev/null", .readWrite))
        try MessageSocket.send(
            client.pair.theirs, MonitorMessage.attach(AttachRequest(input: false)).bytes,
            descriptors: [file.raw, file.raw])
        serve(client, poll)
        #expect(try client.hear() == .refused("the streams of a client must be pipes"))
        for text in [#"{"do":"dance"}"#, #"{"event":"ending"}"#] {
            try MessageSocket.send(client.pair.theirs, Array(text.utf8))
            serve(client, poll)
            guard case .refused = try client.hear() else {
                Issue.record("\(text)")
                continue
            }
        }
        try MessageSocket.send(client.pair.theirs, MonitorMessage.hello(version: 1).bytes)
        serve(client, poll)
        #expect(try client.hear() == .version(MonitorProtocol.version, features: ["attach", "network", "standstill"]))
        #expect(clients.contains(client.token))
        #expect(!relay.attachments.contains(client.token))
    }

    @Test("joining twice is refused, and the first time holds")
    func twice() throws {
        let poll = try EventPoll()
        let client = try join(poll)
        try client.send(descriptors: 0)
        serve(client, poll)
        #expect(try client.hear() == .refused("this client has joined the streams already"))
        try write([1])
        try turn(poll)
        #expect(try client.read() == [1])
    }
}

extension MessageSocket {
    /// Whether a message waits.
    fileprivate static func hasMessage(_ socket: Int32) -> Bool {
        var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }
}
