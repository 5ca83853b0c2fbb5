import CFSLinux
import CFSModel
import CLinux
import Glibc
import Testing

@Suite("Terminals")
struct TerminalTests {
    /// A pty with both of its sides open.
    private final class Pair {
        let outer: OwnedFD
        let inner: OwnedFD
        init() throws {
            outer = try File.open("/dev/ptmx", [.readWrite, .noControllingTerminal])
            inner = OwnedFD(try checked(Int(cfs_pty_open_peer(outer.raw)), "ioctl", .preparing))
        }
    }

    @Test("a terminal is one, a file is none and has no size")
    func kinds() throws {
        let pair = try Pair()
        let null = try File.open("/dev/null", .read)
        #expect(Terminal.isTerminal(pair.inner.raw))
        #expect(!Terminal.isTerminal(null.raw))
        #expect(Terminal.size(null.raw) == nil)
    }

    @Test("a size that is set on one side is seen on the other")
    func size() throws {
        let pair = try Pair()
        try Terminal.setSize(pair.outer.raw, WindowSize(rows: 33, columns: 101))
        #expect(Terminal.size(pair.inner.raw) == WindowSize(rows: 33, columns: 101))
    }

    @Test("raw mode ends with its value")
    func rawMode() throws {
        let pair = try Pair()
        func echoes() -> Bool {
            var attributes = termios()
            tcgetattr(pair.inner.raw, &attributes)
            return attributes.c_lflag & tcflag_t(ECHO) != 0
        }
        #expect(echoes())
        do {
            let mode = try RawMode(pair.inner.raw)
            #expect(!echoes())
            _ = mode
        }
        #expect(echoes())
    }

    @Test("raw mode of what is no terminal is an error")
    func noTerminal() throws {
        let null = try File.open("/dev/null", .read)
        #expect(throws: CFSError.self) { _ = try RawMode(null.raw) }
    }
}
