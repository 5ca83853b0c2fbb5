import CFSCgroups
import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Stopping what lives in a cgroup, played by a folder")
struct CgroupStoppingTests {
    private let folder = TemporaryDirectory()

    private func cgroup() throws -> Cgroup {
        folder.makeFolder("cfs/one")
        return try #require(try CgroupHierarchy(mountPoint: folder.path, folder: folder("cfs")).cgroup("one"))
    }

    @Test("killing is one write to the kernel")
    func kill() throws {
        let cgroup = try cgroup()
        folder.write("", to: "cfs/one/cgroup.kill")
        try cgroup.kill()
        #expect(textOfFile(folder("cfs/one/cgroup.kill")) == "1")
    }

    @Test("where the kernel cannot kill a cgroup, each process in it and below is killed while all stand still")
    func fallback() throws {
        let cgroup = try cgroup()
        let first = RunningCommand(["/bin/sleep", "1000"], environment: [:])
        let second = RunningCommand(["/bin/sleep", "1000"], environment: [:])
        folder.write("", to: "cfs/one/cgroup.freeze")
        folder.write("\(first.pid)\n", to: "cfs/one/cgroup.procs")
        folder.write("\(second.pid)\n", to: "cfs/one/a/b/cgroup.procs")
        folder.write("", to: "cfs/one/a/cgroup.procs")
        try cgroup.kill()
        #expect(first.finish().signal == SIGKILL)
        #expect(second.finish().signal == SIGKILL)
        #expect(textOfFile(folder("cfs/one/cgroup.freeze")) == "0")
    }

    @Test("it stands once the kernel says so")
    func frozen() throws {
        let cgroup = try cgroup()
        folder.write("", to: "cfs/one/cgroup.freeze")
        folder.write("populated 1\nfrozen 1\n", to: "cfs/one/cgroup.events")
        try cgroup.freeze()
        #expect(textOfFile(folder("cfs/one/cgroup.freeze")) == "1")
        #expect(try cgroup.events() == CgroupEvents(isPopulated: true, isFrozen: true))
    }

    @Test("what does not stop in time is an error, and goes on")
    func deadline() throws {
        let cgroup = try cgroup()
        folder.write("", to: "cfs/one/cgroup.freeze")
        folder.write("populated 1\nfrozen 0\n", to: "cfs/one/cgroup.events")
        let error = #expect(throws: CFSError.self) { try cgroup.freeze(deadline: 0) }
        #expect(error?.code == .conflict)
        #expect(error?.message == "processes in \(cgroup.path) did not stop")
        #expect(textOfFile(folder("cfs/one/cgroup.freeze")) == "0")
    }

    @Test("a kernel that cannot freeze is named as that; one that was removed meanwhile is not there")
    func unsupported() throws {
        let cgroup = try cgroup()
        let removed = #expect(throws: CFSError.self) { try cgroup.freeze() }
        #expect(removed?.code == .systemCallFailed && removed?.errno == ENOENT)
        folder.write("1\n", to: "cfs/one/cgroup.procs")
        let error = #expect(throws: CFSError.self) { try cgroup.freeze() }
        #expect(error?.code == .kernelUnsupported)
        #expect(error?.hint == "cgroup.freeze came with Linux 5.2")
    }

    @Test("counters of memory are there with the controller, and nil without")
    func memoryEvents() throws {
        let cgroup = try cgroup()
        #expect(try cgroup.memoryEvents() == nil)
        folder.write("low 0\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n", to: "cfs/one/memory.events")
        let events = try #require(try cgroup.memoryEvents())
        #expect(
            [events.low, events.high, events.max, events.oom, events.oomKill, events.oomGroupKill] == [
                0, 2, 3, 4, 5, 6,
            ])
    }
}

@Suite("Stopping on the host", .enabled(if: HostFolder.isThere, "needs a cgroup v2 tree that may be written to"))
struct HostStoppingTests {
    @Test("a frozen cgroup stands still, also below, and goes on when it is thawed")
    func freezing() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        try Directory.makeAll("\(cgroup.path)/a", mode: 0o755)
        let sleeper = try host.sleeper(in: "\(cgroup.path)/a")
        try cgroup.freeze()
        #expect(try cgroup.events() == CgroupEvents(isPopulated: true, isFrozen: true))
        // Twice is no fault.
        try cgroup.freeze()
        try cgroup.thaw()
        #expect(try cgroup.events() == CgroupEvents(isPopulated: true, isFrozen: false))
        try cgroup.freeze()
        // What stands still can be killed and removed.
        try cgroup.remove()
        #expect(!File.exists(cgroup.path))
        #expect(try ProcessControl.reap(sleeper.raw, wait: true) == .signalled(SIGKILL, coreDumped: false))
    }

    @Test("a process is moved into a cgroup, and not into one that hands controllers down")
    func attaching() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        let command = RunningCommand(["/bin/sleep", "1000"], environment: [:])
        try cgroup.attach(command.pid)
        #expect(try cgroup.processes() == [command.pid])
        let error = #expect(throws: CFSError.self) { try cgroup.attach(4_194_305) }
        #expect(error?.systemCall == "write")
    }
}
