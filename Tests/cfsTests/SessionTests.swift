import CFSCore
import Glibc
import OptionsSupport
import TestSupport
import Testing

@testable import CFSOptions
@testable import cfs

@Suite("What a session leaves with its caller")
struct SessionTests {
    @Test("the terminal is raw while a command has it, and as it was afterwards")
    func terminal() throws {
        let terminal = TestSupport.Terminal()
        let before = terminal.settings
        let keys = CallerTerminal(terminal.inner, isRaw: true)
        try keys.enter()
        #expect(terminal.settings != before)
        keys.leave()
        #expect(terminal.settings == before)
    }

    @Test("raw mode taken up again is still undone to what was before the first")
    func again() throws {
        let terminal = TestSupport.Terminal()
        let before = terminal.settings
        let keys = CallerTerminal(terminal.inner, isRaw: true)
        try keys.enter()
        try keys.enter()
        #expect(terminal.settings != before)
        keys.leave()
        #expect(terminal.settings == before)
    }

    @Test("a value that goes undoes raw mode too")
    func gone() throws {
        let terminal = TestSupport.Terminal()
        let before = terminal.settings
        var keys: CallerTerminal? = CallerTerminal(terminal.inner, isRaw: true)
        try keys?.enter()
        keys = nil
        #expect(terminal.settings == before)
    }

    @Test("a command that does not read the keys leaves Ctrl-C to the caller")
    func cooked() throws {
        let terminal = TestSupport.Terminal()
        let before = terminal.settings
        try CallerTerminal(terminal.inner, isRaw: false).enter()
        #expect(terminal.settings == before)
    }

    @Test("signals of children, pipes and terminal stops stay with cfs, and so does what cannot be caught")
    func signals() {
        let kept = [SIGCHLD, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGKILL, SIGSTOP, SIGSEGV, 32, 33]
        #expect(Set(AttachedSession.forwarded).isDisjoint(with: kept))
        #expect(
            Set(AttachedSession.forwarded).isSuperset(of: [
                SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
            ]))
    }

    /// Runs a body and gives this thread its signals back.
    private func keepingMask(_ body: () throws -> Void) rethrows {
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
        try body()
    }

    @Test("a signal that ends programs ends a start; another one waits for the command")
    func startSignals() throws {
        try keepingMask {
            let signals = try StartSignals(isAttached: true)
            // To this thread alone.
            raise(SIGUSR1)
            try signals.interruption.check()
            #expect(signals.takeEarly() == [SIGUSR1])
            #expect(signals.takeEarly() == [])
            raise(SIGTERM)
            let interrupted = failure { () throws(CFSError) in try signals.interruption.check() }
            #expect(interrupted?.code == .interrupted && interrupted?.message.hasPrefix("SIGTERM came") == true)
        }
    }

    @Test("only a start that was interrupted has the signal's exit status")
    func startStatus() throws {
        try keepingMask {
            let signals = try StartSignals(isAttached: false)
            let other = CFSError(.mountFailed, .mounting, "no")
            let thrown = failure { () throws(CFSError) in try signals.status(after: other) }
            #expect(thrown == other)
            raise(SIGHUP)
            let interrupted = failure { () throws(CFSError) in try signals.interruption.check() }
            let status = try interrupted.map { error throws(CFSError) in try signals.status(after: error) }
            #expect(status == 128 + SIGHUP)
        }
    }

    @Test("the file of --cidfile holds the id, and must be new")
    func identityFile() throws {
        let folder = TemporaryDirectory()
        let caller = Caller(variable: { _ in nil }, directory: folder.path)
        let id = ContainerID()
        let file = try IdentityFile("id", caller)
        try file.write(id)
        #expect(textOfFile(folder("id")) == id.text)
        let exists = failure { () throws(CFSError) in try IdentityFile("id", caller) }
        #expect(exists?.code == .conflict && exists?.message == "the file \(folder("id")) of --cidfile exists already")
        file.remove()
        #expect(namesInFolder(folder.path).isEmpty)
    }

    @Test("a file that came in between is not overwritten")
    func race() throws {
        let folder = TemporaryDirectory()
        let file = try IdentityFile("id", Caller(variable: { _ in nil }, directory: folder.path))
        folder.write("mine", to: "id")
        #expect(failure { () throws(CFSError) in try file.write(ContainerID()) }?.code == .conflict)
        #expect(textOfFile(folder("id")) == "mine")
    }
}
