import CFSCore

/// Which namespaces the container has of its own (namespaces(7)), besides that of the network: see ``NetworkOptions``.
package struct NamespaceOptions {
    package static let optionNames = OptionNames(
        values: ["pid", "ipc", "uts", "userns", "cgroupns", "timens"])

    package let pid: String?
    package let ipc: String?
    package let uts: String?
    package let userns: String?
    package let cgroupns: String?
    package let timens: String?

    package init(_ arguments: CanonicalArguments) {
        pid = arguments.value("pid")
        ipc = arguments.value("ipc")
        uts = arguments.value("uts")
        userns = arguments.value("userns")
        cgroupns = arguments.value("cgroupns")
        timens = arguments.value("timens")
    }

    package func fill(_ spec: inout ContainerSpec) throws(CFSError) {
        var choices = spec.namespaces
        if let pid { choices.pid = try NamespaceChoice(pid, flag: "pid") }
        if let ipc { choices.ipc = try NamespaceChoice(ipc, flag: "ipc") }
        if let uts { choices.uts = try NamespaceChoice(uts, flag: "uts") }
        if let userns { choices.user = try NamespaceChoice(userns, flag: "userns") }
        if let cgroupns { choices.cgroup = try NamespaceChoice(cgroupns, flag: "cgroupns") }
        if let timens { choices.time = try NamespaceChoice(timens, flag: "timens") }
        spec.namespaces = choices
    }
}
