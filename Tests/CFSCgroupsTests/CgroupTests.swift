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

    @Test("an empty one goes, and one that is gone is no fault")
    func remove() throws {
        let cgroup = try cgroup()
        try cgroup.remove()
        #expect(!File.exists(folder("cfs/one")))
        try cgroup.remove()
    }
}

@Suite("Cgroups of the host", .enabled(if: HostFolder.isThere, "needs a cgroup v2 tree that may be written to"))
struct HostCgroupTests {
    @Test("a cgroup with living processes, also in cgroups below, is emptied and removed")
    func populated() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        try Directory.makeAll("\(cgroup.path)/a/b", mode: 0o755)
        let first = try host.sleeper(in: cgroup.path)
        let second = try host.sleeper(in: "\(cgroup.path)/a/b")
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
