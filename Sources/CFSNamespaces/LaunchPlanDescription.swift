import CFSLinux
import CFSNetworks

extension LaunchPlan {
    /// The plan as people read it: one line a step, in the order in which the steps are taken.
    public var steps: [String] { steps(connecting: []) }

    /// The same with what a monitor does to put the container on its networks: behind the clone, which makes the network
    /// namespace, or while the child makes its mounts.
    public func steps(connecting networks: [String]) -> [String] {
        var steps: [String] = []
        for join in joins { steps.append("monitor: enter \(join.namespace.names.joined()) namespace \(join.path)") }
        if let path = userNamespacePath { steps.append("monitor: clone inside the user namespace \(path)") }
        steps.append(
            "monitor: clone3 into a new cgroup with new namespaces: \(newNamespaces.names.joined(separator: " "))")
        steps.append("child: own session keyring" + (unsharesCgroup ? ", unshare cgroup namespace" : ""))
        if newNamespaces.contains(.network) { steps.append("child: loopback up") }
        if !waitsForNetworks { steps += networks }
        if let hostname { steps.append("child: host name \(hostname)") }
        if newNamespaces.contains(.user) {
            for line in uidMappings {
                steps.append("monitor: map uids \(line.container)+\(line.size) to host \(line.host)")
            }
            for line in gidMappings {
                steps.append("monitor: map gids \(line.container)+\(line.size) to host \(line.host)")
            }
        }
        for limit in process.limits {
            steps.append("monitor: limit \(ResourceLimitNames.names[Int(limit.resource)]) \(limit.soft):\(limit.hard)")
        }
        steps.append("monitor: " + rootStep)
        for mount in mounts where mount.maker == .launcher { steps.append("monitor: prepare \(mount.summary)") }
        for device in networkDevices {
            steps.append("monitor: move the network device \(device.name), to be \(device.newName)")
        }
        if waitsForNetworks { steps += networks }
        steps.append("child: attach the root file system")
        for mount in mounts { steps.append("child: \(mount.maker == .child ? "mount" : "attach") \(mount.summary)") }
        if process.terminal { steps.append("child: open a pty and bind it onto /dev/console") }
        for sysctl in sysctls { steps.append("child: sysctl \(sysctl.name)=\(sysctl.value)") }
        if !maskedPaths.isEmpty { steps.append("child: mask \(maskedPaths.joined(separator: " "))") }
        if !readOnlyPaths.isEmpty { steps.append("child: read-only \(readOnlyPaths.joined(separator: " "))") }
        if root.readOnly { steps.append("child: root file system read-only") }
        steps.append("child: pivot_root, detach the host's mounts")
        if waitsForNetworks {
            steps.append("child: wait until the monitor has made the networks, which it does meanwhile")
        }
        steps += processSteps
        return steps
    }

    private var rootStep: String {
        switch root.source {
        case .folder(let path): "clone the mount of \(path)"
        case .overlay(let lowers, let upper, _, let volatile):
            "overlay of \(lowers.count) layer\(lowers.count == 1 ? "" : "s")\(hasUserNamespace ? ", id-mapped," : "") under \(upper)"
                + (volatile ? " (volatile)" : "")
        }
    }

    private var processSteps: [String] {
        var steps: [String] = []
        switch process.user {
        case .named(let name, let groups):
            let besides = groups.isEmpty ? "" : " with the groups \(groups.joined(separator: " "))"
            steps.append("child: user \(name.isEmpty ? "root" : name)\(besides), from the image's own files")
        case .ids(let uid, let gid, _): steps.append("child: user \(uid):\(gid)")
        }
        let umask = String(process.umask, radix: 8)
        steps.append("child: working directory \(process.workingDirectory), umask 0\(umask)")
        let names = Capability.names(of: process.capabilities.bounding).map { $0.dropFirst(4) }
        steps.append("child: capabilities: \(names.isEmpty ? "none" : names.joined(separator: " "))")
        steps.append("child: close every descriptor above 2 at execve")
        if process.noNewPrivileges { steps.append("child: no_new_privs") }
        steps.append(
            process.seccomp.map { "child: seccomp filter of \($0.instructionCount) instructions" }
                ?? "child: no seccomp filter")
        if process.initProcess { steps.append("child: stay as a reaping init, fork the command") }
        steps.append("child: execve \(process.arguments.joined(separator: " "))")
        return steps
    }
}

extension MountPlan {
    var summary: String {
        let what: String
        switch kind {
        case .proc(let options): what = "proc" + Self.list(options)
        case .sysfs: what = "sysfs"
        case .devpts: what = "devpts"
        case .mqueue: what = "mqueue"
        case .cgroup: what = "cgroup2"
        case .tmpfs(let options): what = "tmpfs" + Self.list(options)
        case .devices(let nodes, _): what = "tmpfs with the devices \(nodes.map(\.name).joined(separator: " "))"
        case .bind(let source, _): what = "bind of \(source)"
        case .other(let type, let source, let options): what = "\(type) of \(source)" + Self.list(options)
        }
        let words: [(Mounting.Attributes, String)] = [
            (.readOnly, "ro"), (.noSetUID, "nosuid"), (.noDevices, "nodev"), (.noExecute, "noexec"),
        ]
        var flags = words.filter { set.contains($0.0) }.map(\.1)
        if idMapped { flags.append("idmap") }
        if let propagation { flags.append(propagation.rawValue) }
        return "\(what) at \(target)" + (flags.isEmpty ? "" : " [\(flags.joined(separator: ","))]")
    }

    private static func list(_ options: [String]) -> String {
        options.isEmpty ? "" : " (\(options.joined(separator: ",")))"
    }
}
