import ArgumentParser
import CFSCore

/// Which namespaces the container has of its own (namespaces(7)).
struct NamespaceOptions {
    static let optionNames = OptionNames(
        values: ["network net", "pid", "ipc", "uts", "userns", "cgroupns", "timens"])

    let network: String?
    let pid: String?
    let ipc: String?
    let uts: String?
    let userns: String?
    let cgroupns: String?
    let timens: String?

    init(_ arguments: CanonicalArguments) {
        network = arguments.value("network")
        pid = arguments.value("pid")
        ipc = arguments.value("ipc")
        uts = arguments.value("uts")
        userns = arguments.value("userns")
        cgroupns = arguments.value("cgroupns")
        timens = arguments.value("timens")
    }

    func fill(_ spec: inout ContainerSpec) throws(CFSError) {
        var choices = NamespaceChoices()
        if let network { choices.network = try NetworkSyntax.choice(network) }
        if let pid { choices.pid = try NamespaceChoice(pid, flag: "pid") }
        if let ipc { choices.ipc = try NamespaceChoice(ipc, flag: "ipc") }
        if let uts { choices.uts = try NamespaceChoice(uts, flag: "uts") }
        if let userns { choices.user = try NamespaceChoice(userns, flag: "userns") }
        if let cgroupns { choices.cgroup = try NamespaceChoice(cgroupns, flag: "cgroupns") }
        if let timens { choices.time = try NamespaceChoice(timens, flag: "timens") }
        spec.namespaces = choices
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            name: [.customLong("network"), .customLong("net")],
            help: ArgumentHelp("Network: none, host, container:<id> or a path (default: none).", valueName: "network"))
        var network: String?

        @Option(help: ArgumentHelp("PID namespace: private, host, container:<id> or a path.", valueName: "namespace"))
        var pid: String?

        @Option(help: ArgumentHelp("IPC namespace, likewise.", valueName: "namespace"))
        var ipc: String?

        @Option(help: ArgumentHelp("UTS namespace, likewise.", valueName: "namespace"))
        var uts: String?

        @Option(
            help: ArgumentHelp("User namespace, likewise; host makes root inside root outside.", valueName: "namespace")
        )
        var userns: String?

        @Option(help: ArgumentHelp("Cgroup namespace, likewise.", valueName: "namespace"))
        var cgroupns: String?

        @Option(help: ArgumentHelp("Time namespace, likewise.", valueName: "namespace"))
        var timens: String?
    }
}
