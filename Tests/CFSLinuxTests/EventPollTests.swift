import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Waiting for events")
struct EventPollTests {
    private let folder = TemporaryDirectory()

    @Test("an event carries the token of what is ready")
    func readable() throws {
        let (first, second) = (try SocketPair(), try SocketPair())
        let poll = try EventPoll()
        #expect(try poll.add(first.ours, .readable, token: 1))
        #expect(try poll.add(second.ours, .readable, token: UInt64.max))
        #expect(try poll.wait(milliseconds: 0).isEmpty)
        try MessageSocket.send(second.theirs, [1])
        let events = try poll.wait()
        #expect(events.map(\.token) == [UInt64.max])
        #expect(events.first?.ready == .readable)
    }

    @Test("what stays ready is told again, until it is not watched any more")
    func level() throws {
        let pair = try SocketPair()
        let poll = try EventPoll()
        try poll.add(pair.ours, [.readable, .writable], token: 5)
        try MessageSocket.send(pair.theirs, [1])
        #expect(try poll.wait().first?.ready == [.readable, .writable])
        #expect(try poll.wait().first?.ready == [.readable, .writable])
        try poll.modify(pair.ours, .writable, token: 6)
        #expect(try poll.wait().first?.ready == .writable)
        poll.remove(pair.ours)
        poll.remove(pair.ours)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
    }

    @Test("the end of the other side is seen")
    func hangUp() throws {
        let pair = try SocketPair()
        let poll = try EventPoll()
        try poll.add(pair.ours, .readable, token: 0)
        pair.closeTheirs()
        #expect(try poll.wait().first?.ready.contains(.hangUp) == true)
    }

    @Test("a regular file is always ready, and is not taken")
    func regularFile() throws {
        let file = try File.open(folder.write("", to: "f"), .read)
        let poll = try EventPoll()
        #expect(try !poll.add(file.raw, .readable, token: 0))
    }

    @Test("a descriptor that is none, or is watched already, is an error")
    func errors() throws {
        let pair = try SocketPair()
        let poll = try EventPoll()
        try poll.add(pair.ours, .readable, token: 0)
        #expect(#expect(throws: CFSError.self) { try poll.add(pair.ours, .readable, token: 0) }?.errno == EEXIST)
        #expect(#expect(throws: CFSError.self) { try poll.add(-1, .readable, token: 0) }?.errno == EBADF)
    }
}
