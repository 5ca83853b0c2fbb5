import ArgumentParser
import CFSCore

/// What a container may use, from its start on.
struct ResourceOptions {
    static let optionNames =
        LimitOptions.optionNames
        + OptionNames(flags: ["oom-kill-disable"], values: ["cgroup-parent", "device-cgroup-rule"])

    private let limits: LimitOptions
    private let oomKillDisable: Bool
    private let cgroupParent: String?
    private let deviceCgroupRule: [String]

    init(_ arguments: CanonicalArguments) {
        limits = LimitOptions(arguments)
        oomKillDisable = arguments.has("oom-kill-disable")
        cgroupParent = arguments.value("cgroup-parent")
        deviceCgroupRule = arguments.values("device-cgroup-rule")
    }

    func fill(_ spec: inout ContainerSpec, _ caller: Caller, _ host: HostFacts) throws(CFSError) {
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
            let names = cgroupParent.split(separator: "/")
            guard !names.isEmpty, !names.contains("..") else {
                throw LimitSyntax.wrong(
                    "--cgroup-parent", cgroupParent, "write a cgroup, from the mount of cgroup v2 on: /machines")
            }
            spec.cgroupParent = cgroupParent
        }
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @OptionGroup var limits: LimitOptions.Declaration

        @Flag(help: "Not possible with cgroup v2; the error says what is.")
        var oomKillDisable = false

        @Option(help: ArgumentHelp("Cgroup to make the container's cgroup in.", valueName: "cgroup"))
        var cgroupParent: String?

        @Option(help: ArgumentHelp("Allow devices: \"c 1:3 rwm\".", valueName: "rule"))
        var deviceCgroupRule: [String] = []
    }
}
