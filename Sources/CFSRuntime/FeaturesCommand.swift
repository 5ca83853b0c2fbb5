import CFSLinux
import CFSModel
import CFSNamespaces

/// `features`: what this runtime can do, from the tables that enforce it (runtime-spec, features.md).
enum FeaturesCommand {
    static let command = RuntimeCommand(
        names: ["features"], usage: "", summary: "print what this runtime can do, as JSON",
        options: [
            .value(
                "format", placeholder: "json|markdown",
                help: "markdown: a table of all that a configuration may say (default: json)")
        ]
    ) { arguments, context throws(CFSError) in
        switch arguments["format"] {
        case nil, "json": try StandardOutput.write(document(context.version).json.text(pretty: true) + "\n")
        case "markdown": try StandardOutput.write(ConfigurationField.markdown())
        case let other?: throw RuntimeArguments.fault("invalid value \"\(other)\" for -format")
        }
        return 0
    }

    static func document(_ version: String) -> RuntimeFeatures {
        var features = RuntimeFeatures(ociVersionMin: "1.0.0", ociVersionMax: RuntimeMain.specification)
        features.hooks = ConfigurationField.hookKinds
        features.mountOptions = MountOptionNames.all
        features.annotations = ["org.cfs.version": version]
        features.potentiallyUnsafeConfigAnnotations = []
        var linux = RuntimeFeatures.Linux()
        linux.namespaces = RuntimeSpec.Words.namespaces.sorted()
        linux.capabilities = Capability.names(of: Capability.all)
        linux.cgroup = RuntimeFeatures.Cgroup()
        linux.cgroup?.v1 = false
        linux.cgroup?.v2 = true
        linux.cgroup?.systemd = true
        linux.cgroup?.systemdUser = false
        linux.cgroup?.rdma = true
        linux.seccomp = RuntimeFeatures.Seccomp()
        linux.seccomp?.enabled = true
        linux.seccomp?.actions = RuntimeSpec.Words.seccompActions
        linux.seccomp?.operators = SeccompProfile.Comparison.allCases.map(\.rawValue)
        linux.seccomp?.archs = SeccompArchitecture.allCases.map(\.rawValue)
        linux.seccomp?.knownFlags = RuntimeSpec.Words.seccompFlags
        linux.seccomp?.supportedFlags = SeccompProfile.Flag.allCases.filter(\.isSupported).map(\.rawValue)
        linux.apparmor = RuntimeFeatures.Switch(enabled: true)
        linux.selinux = RuntimeFeatures.Switch(enabled: true)
        linux.intelRdt = RuntimeFeatures.Switch(enabled: false)
        linux.mountExtensions = RuntimeFeatures.MountExtensions(idmap: RuntimeFeatures.Switch(enabled: true))
        linux.netDevices = RuntimeFeatures.Switch(enabled: true)
        features.linux = linux
        return features
    }
}
