import Glibc
import TestSupport
import Testing

@Suite("The virtual machine", .enabled(if: getenv("CFS_VM") != nil, "runs in the virtual machine: make test-vm"))
struct BootTests {
    @Test("it has a pure cgroup v2 with every controller that a limit needs")
    func controllers() {
        let controllers = Set((textOfFile("/sys/fs/cgroup/cgroup.controllers") ?? "").split(whereSeparator: \.isWhitespace))
        #expect(controllers.isSuperset(of: ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"]))
    }
}
