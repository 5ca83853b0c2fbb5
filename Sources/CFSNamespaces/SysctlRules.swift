import CFSModel

/// Which kernel settings a container may have of its own: those that a namespace of its own keeps apart from the host.
public enum SysctlRules {
    private static let ipc: Set<String> = [
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ]

    /// Throws unless `name` is namespaced, that namespace is the container's own, and it can be written there.
    ///
    /// - Parameter hasUserNamespace: whether the container has a user namespace, its own or another's.
    public static func check(
        _ name: String, privateNetwork: Bool, privateIPC: Bool, privateUTS: Bool, hasUserNamespace: Bool = false
    ) throws(CFSError) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let plain = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || [0x2d, 0x2e, 0x5f].contains(byte)
        }
        guard plain, parts.count > 1, !parts.contains("") else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(name)\" is not the name of a sysctl",
                hint: "write it with dots: net.core.somaxconn")
        }
        let namespace: (String, Bool)
        if name.hasPrefix("net.") {
            namespace = ("network", privateNetwork)
        } else if ipc.contains(name) || name.hasPrefix("fs.mqueue.") {
            namespace = ("ipc", privateIPC)
        } else if name == "kernel.hostname" || name == "kernel.domainname" {
            namespace = ("uts", privateUTS)
        } else {
            throw CFSError(
                .invalidArgument, .parsing, "the sysctl \(name) is not namespaced: it would change the host",
                hint: "allowed are net.*, fs.mqueue.*, kernel.msg*, kernel.sem and kernel.shm*")
        }
        guard namespace.1 else {
            throw CFSError(
                .invalidArgument, .parsing,
                "the sysctl \(name) needs a \(namespace.0) namespace of the container's own",
                hint: "it shares that of the host or of another container")
        }
        // Their files belong to the host's root, whom nobody in a user namespace is (kernel/utsname_sysctl.c).
        guard namespace.0 != "uts" || !hasUserNamespace else {
            throw CFSError(
                .invalidArgument, .parsing, "the sysctl \(name) cannot be written in a user namespace",
                hint: name == "kernel.hostname" ? "use --hostname" : "run the container with --userns host")
        }
    }
}
