import CFSCgroups
import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite(
    "Watching a cgroup of the host", .enabled(if: HostFolder.isThere, "needs a cgroup v2 tree that may be written to"))
struct CgroupWatchTests {
    @Test("the first process, the last one and the end of the cgroup are told")
    func state() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        var watch = try CgroupWatch(.state, of: cgroup)
        var change = try watch.change()
        #expect(change == nil)
        let command = RunningCommand(["/bin/sleep", "1000"], environment: [:])
        try cgroup.attach(command.pid)
        let (empty, populated) = (CgroupEvents(), CgroupEvents(isPopulated: true))
        change = try watch.wait(milliseconds: 60_000)
        #expect(change == .state(populated, before: empty))
        try cgroup.freeze()
        let frozen = CgroupEvents(isPopulated: true, isFrozen: true)
        change = try watch.wait(milliseconds: 60_000)
        #expect(change == .state(frozen, before: populated))
        try cgroup.thaw()
        change = try watch.wait(milliseconds: 60_000)
        #expect(change == .state(populated, before: frozen))
        try cgroup.kill()
        #expect(command.finish().signal == SIGKILL)
        change = try watch.wait(milliseconds: 60_000)
        #expect(change == .state(empty, before: populated))
        try cgroup.remove()
        change = try watch.wait(milliseconds: 60_000)
        #expect(change == .removed)
    }

    @Test("an event loop sees it as priority data")
    func poll() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        var watch = try CgroupWatch(.state, of: cgroup)
        let loop = try EventPoll()
        #expect(try loop.add(watch.descriptor, .priority, token: 7))
        #expect(try loop.wait(milliseconds: 0).isEmpty)
        let command = RunningCommand(["/bin/sleep", "1000"], environment: [:])
        try cgroup.attach(command.pid)
        #expect(try loop.wait(milliseconds: 60_000).map(\.token) == [7])
        let change = try watch.change()
        #expect(change == .state(CgroupEvents(isPopulated: true), before: CgroupEvents()))
        #expect(try loop.wait(milliseconds: 0).isEmpty)
    }

    @Test("without its controller memory cannot be watched, and the error says why")
    func noMemory() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        guard !File.exists("\(cgroup.path)/memory.events") else { return }
        var failure: CFSError?
        do {
            _ = try CgroupWatch(.memory, of: cgroup)
        } catch {
            failure = error
        }
        #expect(failure?.code == .cgroupControllerUnavailable)
    }

    @Test("a trigger that the kernel does not take is refused with what it takes")
    func trigger() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        var failure: CFSError?
        do {
            _ = try CgroupWatch(.pressure(PressureTrigger(.io, stall: 5, window: 1)), of: cgroup)
        } catch {
            failure = error
        }
        #expect(failure?.code == .invalidArgument || failure?.code == .kernelUnsupported)
    }
}
