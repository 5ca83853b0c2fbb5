import CFSCgroups
import CFSModel
import CFSMonitor
import Testing

@Suite("What errors call a limit")
struct LimitFlagTests {
    private func names(_ files: String...) throws -> [String] {
        var resources = RuntimeSpec.Resources()
        resources.unified = files.map { RuntimeSpec.UnifiedFile($0, "1") }
        return try CgroupSettings(resources, naming: LimitFlag.name).entries.map(\.name)
    }

    @Test("a file is called by its flag, and else by the flag for files")
    func files() throws {
        #expect(
            try names("memory.high", "cpu.weight", "io.weight") == ["--memory-high", "--cpu-weight", "--io-weight"])
        #expect(
            try names("memory.low", "memory.min", "cpu.idle")
                == ["--cgroup-conf memory.low", "--cgroup-conf memory.min", "--cgroup-conf cpu.idle"])
    }

    @Test("every field has a name that people write")
    func fields() {
        for field in [
            LimitField.memoryLimit, .cpuQuota, .cpusetCPUs, .ioReadBytes, .pidsLimit, .hugepageLimits, .devices,
        ] {
            #expect(LimitFlag.name(field).hasPrefix("--"))
        }
    }
}
