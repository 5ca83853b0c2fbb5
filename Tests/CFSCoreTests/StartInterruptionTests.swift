import CFSLinux
import CFSModel
import Glibc
import Testing

@testable import CFSCore

@Suite("How a start is interrupted")
struct StartInterruptionTests {
    private static let interrupted = CFSError(.interrupted, .starting, "enough")

    @Test("what it waits for counts more than the interruption")
    func ready() throws {
        let (event, other) = (try SocketPair(), try SocketPair())
        try MessageSocket.send(event.theirs, [1])
        try MessageSocket.send(other.theirs, [1])
        try StartInterruption(descriptor: event.ours) { () throws(CFSError) in throw Self.interrupted }.wait(
            for: other.ours)
    }

    @Test("an event that is no interruption is taken away, and the wait goes on")
    func harmless() throws {
        let (event, other) = (try SocketPair(), try SocketPair())
        try MessageSocket.send(event.theirs, [1])
        let interruption = StartInterruption(descriptor: event.ours) { () throws(CFSError) in
            _ = try MessageSocket.receive(event.ours)
            try MessageSocket.send(other.theirs, [2])
        }
        try interruption.wait(for: other.ours)
        #expect(try MessageSocket.receive(other.ours)?.bytes == [2])
    }

    @Test("an interruption ends the wait, also one without an event")
    func interrupts() throws {
        let (event, other) = (try SocketPair(), try SocketPair())
        let interruption = StartInterruption(descriptor: event.ours) { () throws(CFSError) in throw Self.interrupted }
        try interruption.waitAMoment()
        try MessageSocket.send(event.theirs, [1])
        for wait in [{ () throws(CFSError) in try interruption.wait(for: other.ours) }, interruption.waitAMoment] {
            let error = #expect(throws: CFSError.self) { try wait() }
            #expect(error == Self.interrupted)
        }
    }

    @Test("the end of the other side is something to read")
    func closed() throws {
        let (event, other) = (try SocketPair(), try SocketPair())
        other.closeTheirs()
        try StartInterruption(descriptor: event.ours) { () throws(CFSError) in throw Self.interrupted }.wait(
            for: other.ours)
    }
}
