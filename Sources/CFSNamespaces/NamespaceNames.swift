import CFSLinux

extension NamespaceFlags {
    /// The names of namespaces(7), in a fixed order.
    public var names: [String] {
        let all: [(NamespaceFlags, String)] = [
            (.user, "user"), (.mount, "mount"), (.pid, "pid"), (.network, "network"), (.ipc, "ipc"), (.uts, "uts"),
            (.cgroup, "cgroup"), (.time, "time"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }

    /// The kind with a name of the OCI configuration; nil for another word. A switch, because a dictionary's first use
    /// makes the runtime search for conformances.
    public init?(named name: String) {
        switch name {
        case "user": self = .user
        case "mount": self = .mount
        case "pid": self = .pid
        case "network": self = .network
        case "ipc": self = .ipc
        case "uts": self = .uts
        case "cgroup": self = .cgroup
        case "time": self = .time
        default: return nil
        }
    }
}
