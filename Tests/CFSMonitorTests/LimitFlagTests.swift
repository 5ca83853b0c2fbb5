import CFSCgroups
import CFSModel
import CFSMonitor
import Testing

@Suite("What errors call a limit")
struct LimitFlagTests {
    private func names(_ files: String..., value: String = "1") throws -> [String] {
        var resources = RuntimeSpec.Resources()
        resources.unified = files.map { RuntimeSpec.UnifiedFile($0, value) }
        return try CgroupSettings(resources, naming: LimitFlag.name).entries.map(\.name)
    }

    @Test("a file is called by its flag, and else by the flag for files")
    func files() throws {
        #expect(try names("memory.high", "cpu.weight") == ["--memory-high", "--cpu-weight"])
        #expect(try names("io.weight", value: "default 1") == ["--io-weight"])
        #expect(try names("memory.high", value: "max") == ["--memory-high"])
        #expect(
            try names("memory.low", "memory.min", "cpu.idle")
                == ["--cgroup-conf memory.low", "--cgroup-conf memory.min", "--cgroup-conf cpu.idle"])
    }

    @Test(
        "a value that the flag would have refused was given by the file's name",
        arguments: [
            ("cpu.weight", "abc"), ("cpu.weight", "0"), ("cpu.weight", "10001"), ("memory.high", "64M"),
            ("memory.high", "much"), ("io.weight", "100"), ("io.weight", "default 0"), ("io.weight", "8:0 50"),
        ])
    func byFile(file: String, value: String) throws {
        #expect(try names(file, value: value) == ["--cgroup-conf \(file)"])
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
