import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Why a start failed that failed on both sides")
struct LauncherTests {
    private static let own = CFSError(.networkFailed, .preparing, "our own part failed")

    /// A child that runs a shell script, has the other end of the pair, and is killed with the value that is returned.
    private static func child(_ script: String, _ pair: SocketPair) throws -> PendingLaunch {
        let pid = try Spawn.start(
            "/bin/sh", ["sh", "-c", script], environment: [], descriptors: [(9, from: pair.theirs)], newSession: false)
        guard let pidfd = try ProcessControl.open(pid: pid) else { throw own }
        return PendingLaunch(pid: pid, pidfd: SharedFD(pidfd), pair: pair)
    }

    private static func reason(_ pending: PendingLaunch) -> CFSError? {
        do throws(CFSError) {
            try Launcher.orReason(of: pending) { () throws(CFSError) -> Void in throw own }
            return nil
        } catch {
            return error
        }
    }

    @Test("a child that ends gives up its descriptors last: what it has said is the reason, though its socket is open")
    func said() throws {
        let pair = try SocketPair()
        let pending = try Self.child("exit 1", pair)
        #expect(eventually { ProcessStatus(of: pending.pid)?.hasEnded == true })
        let word = CFSError(.invalidArgument, .starting, "the child's own part failed")
        try MessageSocket.send(pair.theirs, LaunchMessage.failed(word).bytes)
        #expect(Self.reason(pending)?.message == word.message)
    }

    @Test(
        "a child that ended without a word: how it ended is the reason",
        arguments: [
            ("exit 3", "ended with status 3"), ("kill -SYS $$", "was ended by SIGSYS"),
        ])
    func silent(script: String, message: String) throws {
        let pair = try SocketPair()
        let pending = try Self.child(script, pair)
        pair.closeTheirs()
        #expect(eventually { ProcessStatus(of: pending.pid)?.hasEnded == true })
        #expect(Self.reason(pending)?.message.contains(message) == true)
    }

    @Test("a child that waits for us is not waited for: the reason is ours")
    func waiting() throws {
        let pair = try SocketPair()
        let pending = try Self.child("exec sleep 600", pair)
        pair.closeTheirs()
        #expect(Self.reason(pending) == Self.own)
    }
}
