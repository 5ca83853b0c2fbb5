import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// `spec`: a configuration to begin with.
enum SpecCommand {
    static let command = RuntimeCommand(
        names: ["spec"], usage: "", summary: "write a config.json to begin with",
        options: [
            .value("bundle", "b", placeholder: "DIR", help: "folder to write it to (default: the current one)"),
            .flag("rootless", help: "with a user namespace that maps the caller"),
        ]
    ) { arguments, _ throws(CFSError) in
        let folder = try HostPath.absolute(arguments["bundle"] ?? ".")
        let path = "\(folder)/config.json"
        guard !File.exists(path) else {
            throw CFSError(
                .nameTaken, .recording, "file config.json exists. Remove it first", path: path, errno: EEXIST)
        }
        let spec = document(rootless: arguments.has("rootless"))
        try File.create(path, Array((spec.json.text(pretty: true) + "\n").utf8), mode: 0o644)
        return 0
    }

    static func document(rootless: Bool) -> RuntimeSpec {
        var process = RuntimeSpec.Process(args: ["sh"])
        process.terminal = true
        process.env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"]
        var capabilities = RuntimeSpec.Capabilities()
        let names = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        (capabilities.bounding, capabilities.effective, capabilities.permitted) = (names, names, names)
        process.capabilities = capabilities
        process.rlimits = [RuntimeSpec.Rlimit(type: "RLIMIT_NOFILE", soft: 1024, hard: 1024)]
        process.noNewPrivileges = true
        var spec = RuntimeSpec(root: RuntimeSpec.Root(path: "rootfs", readonly: true), process: process)
        spec.ociVersion = RuntimeMain.specification
        spec.hostname = "cfs"
        spec.mounts = mounts(rootless: rootless)
        spec.linux.namespaces = (["pid", "network", "ipc", "uts", "mount", "cgroup"] + (rootless ? ["user"] : [])).map {
            RuntimeSpec.Namespace(type: $0)
        }
        if rootless {
            spec.linux.namespaces.removeAll { $0.type == "network" }
            spec.linux.uidMappings = [RuntimeSpec.IDRange(containerID: 0, hostID: geteuid(), size: 1)]
            spec.linux.gidMappings = [RuntimeSpec.IDRange(containerID: 0, hostID: getegid(), size: 1)]
        } else {
            var resources = RuntimeSpec.Resources()
            resources.devices = [RuntimeSpec.DeviceRule(allow: false, access: "rwm")]
            spec.linux.resources = resources
        }
        spec.linux.maskedPaths = [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
        ]
        spec.linux.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        return spec
    }

    private static func mounts(rootless: Bool) -> [RuntimeSpec.Mount] {
        func mount(_ destination: String, _ type: String, _ source: String, _ options: [String]) -> RuntimeSpec.Mount {
            RuntimeSpec.Mount(destination: destination, type: type, source: source, options: options)
        }
        let none = ["nosuid", "noexec", "nodev"]
        return [
            mount("/proc", "proc", "proc", []),
            mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount(
                "/dev/pts", "devpts", "devpts",
                ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] + (rootless ? [] : ["gid=5"])),
            mount("/dev/shm", "tmpfs", "shm", none + ["mode=1777", "size=65536k"]),
            mount("/dev/mqueue", "mqueue", "mqueue", none),
            rootless
                ? mount("/sys", "none", "/sys", ["rbind"] + none + ["ro"])
                : mount("/sys", "sysfs", "sysfs", none + ["ro"]),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", none + ["relatime", "ro"]),
        ]
    }
}
