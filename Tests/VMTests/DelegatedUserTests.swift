import CFSCgroups
import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("A subtree that was delegated", .needsMachine)
struct DelegationTests {
    private let folder: LibraryFolder

    init() throws { folder = try LibraryFolder() }

    /// A program of this very kind runs as an ordinary user in a cgroup that was given to it, and that the shell lives in
    /// too which runs it.
    @Test("an ordinary user limits, watches and removes in the subtree that was given to it")
    func delegated() throws {
        // The user gets `given`; of the controllers what `above` hands down.
        try folder.hierarchy.enable([.cpu])
        let above = try folder.cgroup("above") { $0.pids = .at(1000) }
        try CgroupHierarchy(mountPoint: folder.hierarchy.mountPoint, folder: above.path).enable([.memory, .pids])
        let given = "\(above.path)/given"
        try Directory.make(given, mode: 0o755)
        for name in ["", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"] {
            #expect(chown(given + name, 1000, 1000) == 0)
        }
        let program = try File.readLink("/proc/self/exe")
        let script = """
            echo $$ > '\(given)/cgroup.procs' || exit 99
            setpriv --reuid=1000 --regid=1000 --clear-groups \
                '\(program)' --testing-library swift-testing --filter 'VMTests.DelegatedUserTests'
            """
        let environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "CFS_VM": "1", "CFS_VM_GIVEN": given, "CFS_VM_ABOVE": above.path,
            "LC_ALL": "C.UTF-8",
        ]
        let result = RunningCommand(["/bin/bash", "-c", script], environment: environment).finish(seconds: 240)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect((result.output + result.errors).contains("with 3 tests in 1 suite passed"), "\(result.errors)")
    }
}

/// What ``DelegationTests/delegated()`` runs as an ordinary user.
@Suite(
    "The cgroup library as an ordinary user", .serialized,
    .enabled(if: getenv("CFS_VM_GIVEN") != nil, "is run by the test of the delegated subtree"))
struct DelegatedUserTests {
    private let given = getenv("CFS_VM_GIVEN").map { String(cString: $0) } ?? ""
    private let above = getenv("CFS_VM_ABOVE").map { String(cString: $0) } ?? ""
    private let folder: LibraryFolder

    init() throws { folder = try LibraryFolder() }

    @Test("its place is the cgroup that was given to it")
    func place() {
        #expect(getuid() == 1000)
        #expect(folder.hierarchy.mountPoint == "/sys/fs/cgroup")
        #expect(folder.hierarchy.folder.hasPrefix("\(given)/cfs-library-"))
    }

    @Test("a limit is handed down, though the cgroup held this very process, and is in force")
    func limit() throws {
        let cgroup = try folder.cgroup {
            $0.memory.max = .at(try ByteCount("16m"))
            $0.memory.swapMax = .at(ByteCount(0))
            $0.pids = .at(20)
        }
        #expect(cgroup.file("memory.max") == "16777216\n")
        #expect(textOfFile("/proc/self/cgroup")?.hasSuffix(".callers\n") == true)
        var watch = try CgroupWatch(.memory, of: cgroup)
        let greedy = cgroup.run("exec dd if=/dev/zero of=/dev/null bs=64M count=1")
        #expect(greedy.finish(seconds: 120).signal == SIGKILL)
        guard case .memory(let now, _)? = try watch.wait(milliseconds: 60_000) else {
            Issue.record("no event came")
            return
        }
        #expect(now.max > 0)
        #expect(try cgroup.statistics().memory?.events.oomKill == 1)
        let sleeper = cgroup.run("exec sleep 1000")
        #expect(eventually(seconds: 60) { cgroup.file("cgroup.procs") == "\(sleeper.pid)\n" })
        try cgroup.freeze()
        try cgroup.remove()
        #expect(!File.exists(cgroup.path))
    }

    @Test("a controller that was not given is named, with who keeps it; so is a device filter")
    func missing() throws {
        let error = #expect(throws: CFSError.self) { try folder.cgroup { $0.cpu.quota = .at(try CPUQuota("0.5")) } }
        #expect(error?.code == .cgroupControllerUnavailable)
        #expect(error?.message == "cpu.max cannot be set: cpu is not delegated to this user by \(above)")
        #expect(error?.hint?.contains("Delegate=cpu") == true)
        var settings = CgroupSettings()
        settings.devices = .standard()
        let filter = #expect(throws: CFSError.self) { try folder.hierarchy.create("filtered", settings: settings) }
        #expect(filter?.code == .notPermitted)
        #expect(filter?.hint?.contains("CAP_BPF") == true)
        #expect(try folder.hierarchy.names() == [])
    }
}
