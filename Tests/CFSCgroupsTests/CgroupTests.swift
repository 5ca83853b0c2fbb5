import CFSCgroups
import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("One cgroup, played by a folder")
struct CgroupTests {
    private let folder = TemporaryDirectory()

    private func cgroup() throws -> Cgroup {
        folder.makeFolder("cfs/one")
        return try #require(try CgroupHierarchy(mountPoint: folder.path, folder: folder("cfs")).cgroup("one"))
    }

    @Test("its processes are the numbers that the kernel lists")
    func processes() throws {
        let cgroup = try cgroup()
        folder.write("12\n4194304\n", to: "cfs/one/cgroup.procs")
        #expect(try cgroup.processes() == [12, 4_194_304])
        folder.write("", to: "cfs/one/cgroup.procs")
        #expect(try cgroup.processes() == [])
    }

    @Test("it is populated when the kernel says so")
    func populated() throws {
        let cgroup = try cgroup()
        folder.write("populated 0\nfrozen 1\n", to: "cfs/one/cgroup.events")
        #expect(try !cgroup.isPopulated())
        folder.write("populated 1\nfrozen 0\n", to: "cfs/one/cgroup.events")
        #expect(try cgroup.isPopulated())
    }

    @Test("killing is one write to the kernel")
    func kill() throws {
        let cgroup = try cgroup()
        folder.write("", to: "cfs/one/cgroup.kill")
        try cgroup.kill()
        #expect(textOfFile(folder("cfs/one/cgroup.kill")) == "1")
    }

    @Test("an empty one goes, and one that is gone is no fault")
    func remove() throws {
        let cgroup = try cgroup()
        try cgroup.remove()
        #expect(!File.exists(folder("cfs/one")))
        try cgroup.remove()
    }
}

/// A folder of a test's own in the host's cgroup v2, removed with what is in it.
private final class HostFolder {
    let hierarchy: CgroupHierarchy

    static let isThere: Bool = {
        do {
            guard let found = try CgroupHierarchy.find(name: "cfs-test") else { return false }
            return access(found.mountPoint, W_OK) == 0
        } catch {
            return false
        }
    }()

    init() throws {
        hierarchy = try #require(
            try CgroupHierarchy.find(name: "cfs-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"))
    }

    deinit {
        do {
            for name in try hierarchy.names() { try hierarchy.cgroup(name)?.remove() }
            try hierarchy.removeFolderIfEmpty()
        } catch {
            Issue.record("a test's cgroup is left: \(error)")
        }
    }
}

@Suite("Cgroups of the host", .enabled(if: HostFolder.isThere, "needs a cgroup v2 tree that may be written to"))
struct HostCgroupTests {
    /// A process that sleeps in a cgroup.
    private func sleeper(in path: String) throws -> OwnedFD {
        let pid = try Spawn.start(
            "/bin/sh", ["sh", "-c", "echo $$ > '\(path)/cgroup.procs' && echo ready && exec sleep 1000"],
            environment: ["PATH=/usr/bin:/bin"], descriptors: [], newSession: true)
        guard let pidfd = try ProcessControl.open(pid: pid) else {
            throw CFSError(.invalidState, .starting, "the sleeper of a test is gone")
        }
        try #require(eventually { textOfFile("\(path)/cgroup.procs")?.contains("\(pid)\n") == true })
        return pidfd
    }

    @Test("a cgroup with living processes, also in cgroups below, is emptied and removed")
    func populated() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        try Directory.makeAll("\(cgroup.path)/a/b", mode: 0o755)
        let first = try sleeper(in: cgroup.path)
        let second = try sleeper(in: "\(cgroup.path)/a/b")
        #expect(try cgroup.isPopulated())
        try cgroup.remove()
        #expect(!File.exists(cgroup.path))
        #expect(try ProcessControl.reap(first.raw, wait: true) == .signalled(SIGKILL, coreDumped: false))
        #expect(try ProcessControl.reap(second.raw, wait: true) == .signalled(SIGKILL, coreDumped: false))
    }

    @Test("cgroups below go, whatever a container has called them")
    func names() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        for name in [[-1, -2, 0], [0x61, -1, 0], [0x20, 0]] as [[CChar]] {
            #expect(mkdirat(cgroup.descriptor, name, 0o755) == 0)
            let inner = openat(cgroup.descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            #expect(mkdirat(inner, name, 0o755) == 0)
            close(inner)
        }
        try cgroup.remove()
        #expect(!File.exists(cgroup.path))
    }

    @Test("a cgroup lies below the mount of cgroup v2, in the engine's folder")
    func place() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: 100)
        #expect(
            cgroup.path == "\(host.hierarchy.mountPoint)/\(host.hierarchy.folder.split(separator: "/").last ?? "")/one")
        #expect(File.exists("\(cgroup.path)/cgroup.procs"))
    }
}
