import ArgumentParser
import CFSCore

/// What the container may do.
struct SecurityOptions {
    static let optionNames = OptionNames(
        flags: ["privileged"], values: ["cap-add", "cap-drop", "security-opt", "sysctl"])

    let capAdd: [String]
    let capDrop: [String]
    let securityOpt: [String]
    let privileged: Bool
    let sysctl: [String]

    init(_ arguments: CanonicalArguments) {
        capAdd = arguments.values("cap-add")
        capDrop = arguments.values("cap-drop")
        securityOpt = arguments.values("security-opt")
        privileged = arguments.has("privileged")
        sysctl = arguments.values("sysctl")
    }

    func fill(_ spec: inout ContainerSpec, _ caller: Caller) throws(CFSError) {
        spec.capabilitiesToAdd = capAdd
        spec.capabilitiesToDrop = capDrop
        spec.privileged = privileged
        for text in securityOpt {
            switch try SecurityOptSyntax.option(text, caller) {
            case .seccomp(let choice): spec.seccomp = choice
            case .noNewPrivileges(let isOn): spec.noNewPrivileges = isOn
            }
        }
        for text in sysctl {
            let (name, value) = try SysctlSyntax.setting(text)
            spec.sysctls[name] = value
        }
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(help: ArgumentHelp("Add a capability: NET_ADMIN, or ALL.", valueName: "capability"))
        var capAdd: [String] = []

        @Option(help: ArgumentHelp("Drop a capability, or ALL.", valueName: "capability"))
        var capDrop: [String] = []

        @Option(
            help: ArgumentHelp("seccomp=<file>, seccomp=unconfined, no-new-privileges=false.", valueName: "option"))
        var securityOpt: [String] = []

        @Flag(help: "Give all capabilities, without seccomp filter and masked paths.")
        var privileged = false

        @Option(
            help: ArgumentHelp("Set a namespaced kernel parameter: net.core.somaxconn=512.", valueName: "name=value"))
        var sysctl: [String] = []
    }
}
