import CFSCgroups
import CFSLinux
import CFSModel
import TestSupport

@testable import CFSNamespaces
@testable import CFSRuntime

/// `config.json` of a bundle: whatever its bytes are, it is read or refused, what was read is written as it was, and all that is
/// made of it before the first system call is made or refused, too.
enum ConfigTarget {
    static func run(_ bytes: [UInt8]) {
        guard let json = accepted({ () throws(CFSError) in try JSON(parsing: bytes, what: "input") }) else { return }
        demand(reread(json) == json, "a document is not read as it was written: \(json.text())")
        guard let spec = accepted({ () throws(CFSError) in try RuntimeSpec(bundle: json) }) else { return }
        let written = reread(spec.json)
        let again = accepted { () throws(CFSError) in try RuntimeSpec(bundle: written ?? .null) }
        demand(again == spec, "a configuration is not read as it was written: \(spec.json.text())")
        // It is kept as it stands, with members that nobody knows; the engine has none.
        var own = spec
        own.linux.intelRdt = nil
        let strict = accepted { () throws(CFSError) in try RuntimeSpec(json: reread(own.json) ?? .null) }
        demand(strict == own, "the engine does not read what it wrote: \(own.json.text())")
        plan(spec)
    }

    private static func reread(_ json: JSON) -> JSON? {
        accepted { () throws(CFSError) in try JSON(parsing: json.bytes(), what: "output") }
    }

    /// As `create` goes about it.
    private static func plan(_ spec: RuntimeSpec) {
        guard accepted({ () throws(CFSError) in try Enforcement.check(spec) }) != nil else { return }
        var spec = spec
        _ = accepted { () throws(CFSError) in
            try Enforcement.grantable(
                &spec.process, inUserNamespace: spec.linux.namespaces.contains { $0.type == "user" })
        }
        if spec.linux.resources?.devices.isEmpty == false { spec.linux.resources?.devices += DefaultDeviceRules.rules }
        spec.linux.resources?.readAsCallersDo()
        if let resources = spec.linux.resources {
            _ = accepted { () throws(CFSError) in try CgroupSettings(resources) }
        }
        if let seccomp = spec.linux.seccomp {
            _ = accepted { () throws(CFSError) in try SeccompProfile(json: seccomp) }
        }
        let rootfs = HostPath.joined("/bundle", spec.root.path)
        var extras = LaunchPlan.Extras(root: RootPlan(source: .folder(rootfs), readOnly: spec.root.readonly))
        let own = accepted { () throws(CFSError) in try LaunchPlan(spec, extras) }
        _ = own?.steps
        extras.bundle = LaunchPlan.Bundle(spec, cgroupPath: "/sys/fs/cgroup/fuzz")
        guard let plan = accepted({ () throws(CFSError) in try LaunchPlan(spec, extras) }) else { return }
        _ = plan.steps
        let paths = plan.mounts.map(\.target) + plan.maskedPaths + plan.readOnlyPaths + plan.looseDevices.map(\.path)
        for path in paths { demand(!path.utf8.contains(0), "the kernel's part of a path ends before it: \(path)") }
    }

    static let seeds: [[UInt8]] =
        [
            ConfigDocuments.whole, ConfigDocuments.strange, ConfigExamples.freebsdExample,
            ConfigExamples.linuxNetdevice,
            ConfigExamples.linuxRdma, ConfigExamples.minimalForStart, ConfigExamples.minimal,
            ConfigExamples.specExample,
            ConfigExamples.zosExample, ConfigExamples.badFreebsdVnetDisable, ConfigExamples.badInvalidJson,
            ConfigExamples.badLinuxHugepage, ConfigExamples.badLinuxNetdevice, ConfigExamples.badLinuxRdma,
        ].map { Array($0.utf8) } + [SpecCommand.document(rootless: true).json.bytes()]
}
