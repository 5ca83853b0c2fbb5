import CFSCore
import CFSLinux

/// What a container may use, from its start on.
package struct ResourceOptions {
    package static let optionNames =
        LimitOptions.optionNames
        + OptionNames(flags: ["oom-kill-disable"], values: ["cgroup-parent"], lists: ["device-cgroup-rule"])

    private let limits: LimitOptions
    private let oomKillDisable: Bool
    private let cgroupParent: String?
    private let deviceCgroupRule: [String]

    package init(_ arguments: CanonicalArguments) {
        limits = LimitOptions(arguments)
        oomKillDisable = arguments.has("oom-kill-disable")
        cgroupParent = arguments.value("cgroup-parent")
        deviceCgroupRule = arguments.values("device-cgroup-rule")
    }

    package func fill(_ spec: inout ContainerSpec, _ caller: Caller, _ host: HostFacts) throws(CFSError) {
        if oomKillDisable {
            throw CFSError(
                .invalidArgument, .parsing,
                "--oom-kill-disable is not possible: cgroup v2 always kills when --memory is reached and nothing can be "
                    + "reclaimed",
                hint: "--memory-high slows a container down instead, and --oom-score-adj says who goes first")
        }
        try limits.fill(&spec.resources, caller, host)
        for text in deviceCgroupRule { spec.resources.devices.append(try DeviceRuleSyntax.rule(text)) }
        if let cgroupParent {
            let names = cgroupParent.pathNames
            guard !names.isEmpty, !names.contains("..") else {
                throw LimitSyntax.wrong(
                    "--cgroup-parent", cgroupParent, "write a cgroup, from the mount of cgroup v2 on: /machines")
            }
            spec.cgroupParent = cgroupParent
        }
    }
}
