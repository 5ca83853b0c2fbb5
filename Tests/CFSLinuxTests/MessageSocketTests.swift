import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Sockets that keep message borders")
struct MessageSocketTests {
    private let folder = TemporaryDirectory()

    @Test("messages arrive one by one, as they were sent")
    func borders() throws {
        let pair = try SocketPair()
        for text in ["one", "", "three"] where !text.isEmpty { try MessageSocket.send(pair.ours, Array(text.utf8)) }
        #expect(try MessageSocket.receive(pair.theirs)?.bytes == Array("one".utf8))
        #expect(try MessageSocket.receive(pair.theirs)?.bytes == Array("three".utf8))
    }

    @Test("descriptors travel along, and are close-on-exec where they arrive")
    func descriptors() throws {
        let pair = try SocketPair()
        let files = try (0..<253).map { number in
            folder.write("\(number)", to: "\(number)")
            return SharedFD(try File.open(folder("\(number)"), .read))
        }
        try MessageSocket.send(pair.ours, [1], descriptors: files.map(\.raw))
        let message = try #require(try MessageSocket.receive(pair.theirs))
        let received = message.descriptors.map { SharedFD(OwnedFD($0)) }
        #expect(received.count == 253)
        for (number, file) in received.enumerated() {
            #expect(try File.readAll(file.raw) == Array("\(number)".utf8))
            #expect(fcntl(file.raw, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test("more descriptors than one message holds are an error")
    func tooMany() throws {
        let pair = try SocketPair()
        #expect(throws: CFSError.self) {
            try MessageSocket.send(pair.ours, [1], descriptors: Array(repeating: 0, count: 254))
        }
    }

    @Test("the end of the other side is no message")
    func end() throws {
        let pair = try SocketPair()
        try MessageSocket.send(pair.theirs, [7])
        pair.closeTheirs()
        #expect(pair.theirs == -1)
        #expect(try MessageSocket.receive(pair.ours)?.bytes == [7])
        #expect(try MessageSocket.receive(pair.ours) == nil)
    }

    @Test("what a peer said before it died with something unread still arrives")
    func lastWords() throws {
        let pair = try SocketPair()
        try MessageSocket.send(pair.ours, [1])
        try MessageSocket.send(pair.theirs, [7])
        pair.closeTheirs()
        #expect(try MessageSocket.receive(pair.ours)?.bytes == [7])
        #expect(try MessageSocket.receive(pair.ours) == nil)
    }

    @Test("a peer that dies with something unread is gone, not an error")
    func reset() throws {
        let pair = try SocketPair()
        try MessageSocket.send(pair.ours, [1])
        pair.closeTheirs()
        #expect(try MessageSocket.receive(pair.ours) == nil)
        let error = #expect(throws: CFSError.self) { try MessageSocket.send(pair.ours, [1]) }
        #expect(error?.errno == EPIPE)
    }

    @Test("a message that is too large is refused whole, and its descriptors are closed")
    func large() throws {
        let pair = try SocketPair()
        let other = try SocketPair()
        try MessageSocket.send(pair.ours, [UInt8](repeating: 1, count: 100))
        #expect(try MessageSocket.receive(pair.theirs, atMost: 100)?.bytes.count == 100)
        try MessageSocket.send(pair.ours, [UInt8](repeating: 1, count: 101), descriptors: [other.theirs])
        let error = #expect(throws: CFSError.self) { try MessageSocket.receive(pair.theirs, atMost: 100) }
        #expect(error?.code == .limitExceeded)
        // Nobody has the other end any more.
        other.closeTheirs()
        #expect(try MessageSocket.receive(other.ours) == nil)
        try MessageSocket.send(pair.ours, [2])
        #expect(try MessageSocket.receive(pair.theirs)?.bytes == [2])
    }

    @Test("who need not wait for a receiver that is behind does not")
    func behind() throws {
        let pair = try SocketPair()
        let message = [UInt8](repeating: 0, count: 10_000)
        let error = #expect(throws: CFSError.self) {
            for _ in 0..<1000 { try MessageSocket.send(pair.ours, message, waits: false) }
        }
        #expect(error?.errno == EAGAIN)
    }

    @Test("a listener at a path is for its owner only, and talks to who connects")
    func listener() throws {
        let listener = try MessageSocket.listen(at: folder("s"))
        #expect(try File.status(folder("s")).mode & 0o7777 == 0o600)
        let caller = try MessageSocket.connect(to: folder("s"))
        let callee = try MessageSocket.accept(listener.raw)
        try caller.send([1, 2])
        #expect(try callee.receive()?.bytes == [1, 2])
        try callee.send([3])
        #expect(try caller.receive()?.bytes == [3])
    }

    @Test("nobody there is an error that says so, and so is a path that no address holds")
    func nobody() throws {
        #expect(#expect(throws: CFSError.self) { _ = try MessageSocket.connect(to: folder("s")) }?.errno == ENOENT)
        do { _ = try MessageSocket.listen(at: folder("s")) }
        #expect(
            #expect(throws: CFSError.self) { _ = try MessageSocket.connect(to: folder("s")) }?.errno == ECONNREFUSED)
        let long = folder(String(repeating: "x", count: 108))
        #expect(#expect(throws: CFSError.self) { _ = try MessageSocket.listen(at: long) }?.errno == ENAMETOOLONG)
    }

    @Test("an end that is taken lives on without the pair")
    func taken() throws {
        let pair = try SocketPair()
        let mine = try pair.takeOurs()
        #expect(pair.ours == -1)
        try MessageSocket.send(pair.theirs, [9])
        #expect(try MessageSocket.receive(mine.raw)?.bytes == [9])
    }

    @Test("whether the other end is there is seen, also behind messages that wait")
    func peer() throws {
        let pair = try SocketPair()
        #expect(MessageSocket.hasPeer(pair.ours))
        try MessageSocket.send(pair.theirs, [1])
        #expect(MessageSocket.hasPeer(pair.ours))
        pair.closeTheirs()
        #expect(!MessageSocket.hasPeer(pair.ours))
        #expect(try MessageSocket.receive(pair.ours)?.bytes == [1])
    }
}
