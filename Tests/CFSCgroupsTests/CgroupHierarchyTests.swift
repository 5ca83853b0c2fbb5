import CFSCgroups
import CFSModel
import TestSupport
import Testing

@Suite("A hierarchy of cgroups")
struct CgroupHierarchyTests {
    @Test("an engine that never ran has no containers' cgroups")
    func empty() throws {
        let folder = TemporaryDirectory()
        let hierarchy = CgroupHierarchy(mountPoint: folder.path, folder: folder("cfs"))
        #expect(try hierarchy.names() == [])
        #expect(try hierarchy.cgroup("a")?.path == nil)
    }
}
