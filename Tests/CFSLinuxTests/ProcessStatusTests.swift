import Glibc
import TestSupport
import Testing

@testable import CFSLinux

@Suite("What the kernel says of a process")
struct ProcessStatusTests {
    /// The 52 fields of proc_pid_stat(5), of a process whose name looks like the rest of the line.
    private static func line(state: String, flags: UInt64, start: UInt64, exit: UInt64) -> [UInt8] {
        var fields = (1...52).map { "\($0)" }
        (fields[1], fields[2], fields[8], fields[21], fields[51]) = (
            "(a) Z 1 (b)", state, "\(flags)", "\(start)", "\(exit)"
        )
        return Array((fields.joined(separator: " ") + "\n").utf8)
    }

    @Test("who has executed nothing since its clone is told apart, also after its end")
    func executed() throws {
        let program = try #require(ProcessStatus(stat: Self.line(state: "S", flags: 0x400100, start: 77, exit: 0)))
        #expect(program.hasExecuted && program.startTime == 77 && program.endSignal == nil && !program.isEnding)
        let clone = try #require(
            ProcessStatus(stat: Self.line(state: "Z", flags: 0x40044c, start: 78, exit: 31 | 0x80)))
        #expect(!clone.hasExecuted && clone.startTime == 78 && clone.endSignal == SIGSYS && clone.isEnding)
    }

    @Test("an exit code is no signal, and who lives has neither")
    func ends() throws {
        for (state, exit) in [("Z", UInt64(7 << 8)), ("R", 9), ("D", 0)] {
            let status = try #require(ProcessStatus(stat: Self.line(state: state, flags: 0, start: 1, exit: exit)))
            #expect(status.endSignal == nil)
        }
    }

    @Test("what is no such line says nothing", arguments: ["", "1 (a", "1 (a) S 1 2 3", "1 (a) S 1 2 3 4 5 x"])
    func noLine(text: String) { #expect(ProcessStatus(stat: Array(text.utf8)) == nil) }

    @Test("this process was executed; one that was killed says by what until it is waited for")
    func living() throws {
        let own = try #require(ProcessStatus(of: getpid()))
        #expect(own.hasExecuted && own.endSignal == nil && !own.isEnding)
        let pid = try Spawn.start(
            "/bin/sleep", ["sleep", "60"], environment: [], descriptors: [], newSession: true)
        #expect(ProcessStatus(of: pid)?.hasExecuted == true)
        kill(pid, SIGKILL)
        #expect(eventually(seconds: 60) { ProcessStatus(of: pid)?.endSignal == SIGKILL })
        #expect(ProcessStatus(of: pid)?.isEnding == true)
        waitpid(pid, nil, 0)
        #expect(ProcessStatus(of: pid) == nil)
    }
}
