import CFSCgroups
import CFSModel
import Testing

@Suite("The plan of a cgroup's limits")
struct CgroupSettingsTests {
    @Test("nothing asked for is nothing to do")
    func empty() throws {
        let settings = try CgroupSettings(RuntimeSpec.Resources())
        #expect(settings.isEmpty)
        #expect(settings.controllers == [])
        #expect(settings == CgroupSettings())
    }

    @Test("each controller that is needed is named once")
    func controllers() throws {
        var resources = RuntimeSpec.Resources()
        resources.memory = RuntimeSpec.Memory()
        resources.memory?.limit = 100
        resources.memory?.reservation = 50
        resources.pids = .init(limit: 5)
        resources.unified = [.init("cgroup.max.depth", "1"), .init("memory.high", "90")]
        #expect(try CgroupSettings(resources).controllers == [.memory, .pids])
    }

    @Test("the wish for a check before an update is kept")
    func check() throws {
        var resources = RuntimeSpec.Resources()
        resources.memory = RuntimeSpec.Memory()
        #expect(try !CgroupSettings(resources).checksMemoryInUse)
        resources.memory?.checkBeforeUpdate = true
        #expect(try CgroupSettings(resources).checksMemoryInUse)
    }

    @Test("classes and priorities of network packets are refused, and nothing of them is no fault")
    func network() throws {
        var resources = RuntimeSpec.Resources()
        resources.network = RuntimeSpec.Network()
        resources.network?.classID = 0
        #expect(try CgroupSettings(resources).isEmpty)
        resources.network?.classID = 1
        let error = #expect(throws: CFSError.self) { try CgroupSettings(resources) }
        #expect(error?.message.hasPrefix("linux.resources.network.classID has no counterpart in cgroup v2") == true)
        resources.network?.classID = nil
        resources.network?.priorities = [.init(name: "eth0", priority: 1)]
        let other = #expect(throws: CFSError.self) { try CgroupSettings(resources) }
        #expect(other?.message.hasPrefix("linux.resources.network.priorities has no counterpart") == true)
    }

    @Test("each setting knows what asked for it")
    func names() throws {
        var resources = RuntimeSpec.Resources()
        resources.pids = .init(limit: 5)
        resources.unified = [.init("memory.high", "90")]
        #expect(
            try CgroupSettings(resources).entries.map(\.name) == [
                "linux.resources.pids.limit", "linux.resources.unified.memory.high",
            ])
        var limits = CgroupLimits()
        limits.pids = .unlimited
        #expect(try CgroupSettings(limits).entries.map(\.name) == ["pids.max"])
    }
}
