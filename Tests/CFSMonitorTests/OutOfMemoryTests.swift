import CFSLinux
import CFSModel
import Glibc
import Testing

@testable import CFSMonitor

@Suite("What is said of a container that ran out of memory")
struct OutOfMemoryTests {
    private static func text(
        limit: UInt64? = 64 << 20, times: UInt64 = 1, kills: UInt64 = 1, _ victims: [OutOfMemory.Victim]
    ) -> String { OutOfMemory(limit: limit, times: times, kills: kills, victims: victims).text }

    @Test("the limit, how often it was reached, and who was killed")
    func sentence() {
        #expect(
            Self.text([OutOfMemory.Victim(name: "stress", pid: 7)])
                == "out of memory: the limit of 64 MiB was reached 1 time; killed: stress (pid 7)")
        #expect(
            Self.text(
                limit: 1 << 30, times: 2, kills: 3,
                [OutOfMemory.Victim(name: "a", pid: nil), OutOfMemory.Victim(name: "b c", pid: 9)])
                == "out of memory: the limit of 1 GiB was reached 2 times; killed: a, b c (pid 9) and 1 more")
    }

    @Test("without names their number, and without a limit of its own who had none left")
    func unknown() {
        #expect(
            Self.text(limit: 4097, kills: 2, []).hasSuffix(
                "the limit of 4097 bytes was reached 1 time; killed: 2 processes"))
        let host = Self.text(limit: nil, times: 0, [])
        #expect(host == "out of memory: the host, or a limit above the container's, had none left; killed: 1 process")
    }

    @Test("of many victims the first four are named")
    func many() {
        let victims = (1...6).map { OutOfMemory.Victim(name: "p", pid: $0) }
        #expect(Self.text(kills: 6, victims).hasSuffix("killed: p (pid 1), p (pid 2), p (pid 3), p (pid 4) and 2 more"))
    }

    @Test("it is written down and read again")
    func roundTrip() {
        let known = OutOfMemory(
            limit: 1 << 40, times: 3, kills: 2,
            victims: [OutOfMemory.Victim(name: "x,pid=1", pid: nil), OutOfMemory.Victim(name: "y", pid: 4)])
        #expect(OutOfMemory(json: known.json) == known)
        #expect(OutOfMemory(json: ["times": 1]) == nil)
    }

    @Test("it is why a container ended when its first process was killed for it, or ended badly by itself")
    func explanation() {
        func explains(
            _ victims: [Int32?], _ end: ProcessEnd, kills: UInt64 = 1, isStopped: Bool = false
        ) -> Bool {
            let victims = victims.map { OutOfMemory.Victim(name: "tail", pid: $0) }
            return OutOfMemory(limit: 1, times: 1, kills: kills, victims: victims).explains(end, isStopped: isStopped)
        }
        let killed = ProcessEnd.signalled(SIGKILL, coreDumped: false)
        #expect(explains([1], killed) && explains([7, 1], killed, kills: 2) && explains([1], killed, isStopped: true))
        // Nobody knows who it was.
        #expect(explains([], killed) && explains([nil], killed) && explains([7], killed, kills: 3))
        #expect(!explains([nil], killed, isStopped: true) && !explains([], killed, isStopped: true))
        // Another process was killed, and this one by somebody else.
        #expect(!explains([7], killed) && !explains([7], killed, isStopped: true))
        #expect(!explains([7], .signalled(SIGTERM, coreDumped: false)))
        #expect(explains([7], .exited(137)) && explains([7], .exited(1)))
        #expect(!explains([7], .exited(0)) && !explains([7], .exited(143), isStopped: true))
    }
}
