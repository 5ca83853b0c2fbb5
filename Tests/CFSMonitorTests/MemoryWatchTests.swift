import Testing

@testable import CFSMonitor

@Suite("The kernel's line about a process that it kills")
struct MemoryWatchTests {
    private static func record(_ name: String, _ pid: String = "123") -> String {
        "6,1204,88123456,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=a,mems_allowed=0,"
            + "oom_memcg=/cfs/a,task_memcg=/cfs/a/b,task=\(name),pid=\(pid),uid=1073741824\n"
    }

    @Test("the cgroup, the name and the number")
    func fields() throws {
        let entry = try #require(KilledProcess(Self.record("stress")))
        #expect(entry.cgroup == "/cfs/a/b")
        #expect(entry.name == "stress")
        #expect(entry.pid == 123)
    }

    @Test("a process may be called as the line itself is written", arguments: ["a,pid=7", ",task=x", "x;y", "é, ü"])
    func hostileName(name: String) throws {
        let entry = try #require(KilledProcess(Self.record(name)))
        #expect(entry.name == name)
        #expect(entry.pid == 123)
    }

    @Test(
        "other lines are none",
        arguments: [
            "", "6,1,2,-;", "6,1,2,-;eth0: link up", "oom-kill:", record("x", "many"), record("x", "99999999999999"),
            "6,1,2,-;Memory cgroup out of memory: Killed process 5 (a) total-vm:1kB",
        ])
    func others(line: String) { #expect(KilledProcess(line) == nil) }
}
