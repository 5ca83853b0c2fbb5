import CFSCgroups
import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite(
    "Device filters of the host",
    .enabled(if: HostFolder.canFilterDevices, "needs a kernel with CONFIG_CGROUP_BPF, and the right to load programs"))
struct DeviceProgramTests {
    /// Whether a command in the cgroup can read the device and write to it.
    private func use(_ device: String, in cgroup: Cgroup) -> (read: Bool, write: Bool) {
        let script = """
            echo $$ > '\(cgroup.path)/cgroup.procs' || exit 9
            (: < \(device)) 2>&- && echo read
            (: > \(device)) 2>&- && echo write
            exit 0
            """
        let result = RunningCommand(["/bin/sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"]).finish()
        #expect(result.status == 0, "\(result.errors)")
        return (result.lines.contains("read"), result.lines.contains("write"))
    }

    private func settings(_ rules: [DeviceRule]) -> CgroupSettings {
        var settings = CgroupSettings()
        settings.devices = DeviceFilter(rules: rules)
        return settings
    }

    @Test("the kernel denies and allows as the rules say, also when they are replaced, and nothing is left beside")
    func replacing() throws {
        let host = try HostFolder()
        let null = DeviceRule(true, .characters, 1, 3)
        let cgroup = try host.hierarchy.create("one", settings: settings([null]))
        #expect(use("/dev/null", in: cgroup) == (true, true))
        #expect(use("/dev/zero", in: cgroup) == (false, false))
        try cgroup.apply(settings([null, DeviceRule(true, .characters, 1, 5, .read)]))
        #expect(use("/dev/zero", in: cgroup) == (true, false))
        // One that was left beside the new one would still deny.
        try cgroup.apply(settings([DeviceRule(true, .all), DeviceRule(false, .characters, 1, 3, .write)]))
        #expect(use("/dev/zero", in: cgroup) == (true, true))
        #expect(use("/dev/null", in: cgroup) == (true, false))
        try cgroup.apply(settings([DeviceRule(true, .all)]))
        #expect(use("/dev/null", in: cgroup) == (true, true))
    }

    @Test("thousands of rules are taken by the verifier")
    func many() throws {
        let host = try HostFolder()
        let rules = (0..<3000).map { DeviceRule($0 % 3 != 0, .characters, 200, UInt32($0), [.read, .mknod]) }
        let cgroup = try host.hierarchy.create("one", settings: settings(rules + DeviceFilter.defaultRules))
        #expect(use("/dev/null", in: cgroup) == (true, true))
        #expect(use("/dev/kmsg", in: cgroup) == (false, false))
        let tooMany = (0..<5000).map { DeviceRule(true, .characters, 200, UInt32($0)) }
        let error = #expect(throws: CFSError.self) { try cgroup.apply(settings(tooMany)) }
        #expect(error?.code == .limitExceeded)
    }
}
