import CFSCore

/// What the container may do.
package struct SecurityOptions {
    package static let optionNames = OptionNames(
        flags: ["privileged"], lists: ["cap-add", "cap-drop", "security-opt", "sysctl"])

    package let capAdd: [String]
    package let capDrop: [String]
    package let securityOpt: [String]
    package let privileged: Bool
    package let sysctl: [String]

    package init(_ arguments: CanonicalArguments) {
        capAdd = arguments.values("cap-add")
        capDrop = arguments.values("cap-drop")
        securityOpt = arguments.values("security-opt")
        privileged = arguments.has("privileged")
        sysctl = arguments.values("sysctl")
    }

    package func fill(_ spec: inout ContainerSpec, _ caller: Caller) throws(CFSError) {
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
}
