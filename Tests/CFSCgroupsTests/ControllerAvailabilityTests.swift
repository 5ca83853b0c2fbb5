import CFSModel
import Testing

@testable import CFSCgroups

@Suite("Why a controller is missing")
struct ControllerAvailabilityTests {
    private static let hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
        36 31 0:33 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
        36 31 0:33 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        40 31 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate

        """
    private static let table = """
        #subsys_name\thierarchy\tnum_cgroups\tenabled
        cpu\t1\t1\t1
        blkio\t7\t1\t1
        memory\t4\t40\t1
        hugetlb\t0\t3\t1
        pids\t8\t1\t1
        cpuset\t0\t1\t0

        """

    @Test(
        "the reason is what the kernel says",
        arguments: [
            (.memory, "memory is bound to cgroup v1 on this host: /sys/fs/cgroup/memory"),
            (.cpu, "cpu is bound to cgroup v1 on this host: /sys/fs/cgroup/cpu,cpuacct"),
            (.io, "io is bound to cgroup v1 on this host: /sys/fs/cgroup/blkio"),
            // Mounted where this process cannot see it.
            (.pids, "pids is bound to cgroup v1 on this host"),
            (.cpuset, "cpuset is switched off on this host"),
            (.hugetlb, "hugetlb is not given to this place of cgroup v2"),
            (.rdma, "rdma is not built into this kernel"),
        ] as [(CgroupController, String)])
    func reasons(controller: CgroupController, text: String) {
        let availability = ControllerAvailability(mountInfo: Self.hybrid, table: Self.table)
        #expect(availability.reason(controller).text == text)
    }

    @Test("the hint says what to do")
    func hints() {
        let availability = ControllerAvailability(mountInfo: Self.hybrid, table: Self.table)
        #expect(availability.reason(.memory).hint.contains("cgroup_no_v1=all"))
        #expect(availability.reason(.cpuset).hint.contains("cgroup_disable=cpuset"))
        #expect(availability.reason(.rdma).hint == "the kernel needs CONFIG_CGROUP_RDMA")
    }
}
