import CFSCgroups
import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("A hierarchy of cgroups, played by a folder")
struct CgroupHierarchyTests {
    private let folder = TemporaryDirectory()
    private var hierarchy: CgroupHierarchy { CgroupHierarchy(mountPoint: folder.path, folder: folder("cfs")) }

    @Test("the controllers are those that the kernel lists")
    func controllers() throws {
        folder.write("cpuset cpu io memory hugetlb pids\n", to: "cgroup.controllers")
        #expect(try hierarchy.controllers() == ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"])
        folder.write("\n", to: "cgroup.controllers")
        #expect(try hierarchy.controllers() == [])
    }

    @Test("the first container makes the engine's folder, the next one finds it")
    func creation() throws {
        folder.write("memory pids\n", to: "cgroup.controllers")
        folder.write("", to: "cgroup.subtree_control")
        let first = try hierarchy.create("one", pidsLimit: 4096)
        let second = try hierarchy.create("two", pidsLimit: nil)
        #expect(first.path == folder("cfs/one"))
        #expect(second.path == folder("cfs/two"))
        #expect(try hierarchy.names().sorted() == ["one", "two"])
        #expect(textOfFile(folder("cgroup.subtree_control")) == "+pids")
        #expect(try File.status(at: first.descriptor).isDirectory)
    }

    @Test("without the pids controller nothing is handed down, and the default limit is no fault")
    func withoutController() throws {
        folder.write("hugetlb\n", to: "cgroup.controllers")
        folder.write("", to: "cgroup.subtree_control")
        _ = try hierarchy.create("one", pidsLimit: 4096)
        #expect(textOfFile(folder("cgroup.subtree_control")) == "")
    }

    @Test("a container that is there already is an error")
    func twice() throws {
        folder.write("\n", to: "cgroup.controllers")
        _ = try hierarchy.create("one", pidsLimit: nil)
        let error = #expect(throws: CFSError.self) { try hierarchy.create("one", pidsLimit: nil) }
        #expect(error?.errno == EEXIST)
    }

    @Test("files of the kernel in the engine's folder are no containers")
    func names() throws {
        #expect(try hierarchy.names() == [])
        folder.makeFolder("cfs/one")
        folder.write("", to: "cfs/cgroup.procs")
        #expect(try hierarchy.names() == ["one"])
        #expect(try hierarchy.cgroup("one")?.path == folder("cfs/one"))
        #expect(try hierarchy.cgroup("two")?.path == nil)
    }

    @Test("the engine's folder is removed when it is empty, and left when it is not")
    func removal() throws {
        try hierarchy.removeFolderIfEmpty()
        folder.makeFolder("cfs/one")
        try hierarchy.removeFolderIfEmpty()
        #expect(File.exists(folder("cfs/one")))
        rmdir(folder("cfs/one"))
        try hierarchy.removeFolderIfEmpty()
        #expect(!File.exists(folder("cfs")))
    }
}
