import CFSLinux
import CFSModel

/// The mounts of a container, in the order in which they are put into place.
struct MountConfiguration {
    let spec: ContainerSpec
    let surroundings: ContainerPlan.Surroundings
    let image: ImageRecord

    func mounts() throws(CFSError) -> [RuntimeSpec.Mount] {
        var mounts = Self.kernelFileSystems(access: spec.privileged ? "rw" : "ro", sharedMemory: try sharedMemory())
        // Later mounts hide earlier ones, so a caller's own /etc/hosts wins.
        mounts += generatedFiles.filter { file in !spec.mounts.contains { $0.target == file.destination } }
        for request in spec.mounts { mounts.append(try mount(request)) }
        return mounts
    }

    /// What every container has, whatever its caller mounts.
    ///
    /// - Parameters:
    ///   - access: of `/sys`: `ro` or `rw`.
    ///   - sharedMemory: the size of `/dev/shm`; nil is 64 MiB.
    static func kernelFileSystems(access: String, sharedMemory: ByteCount? = nil) -> [RuntimeSpec.Mount] {
        [
            RuntimeSpec.Mount(
                destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec"]),
            RuntimeSpec.Mount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "noexec", "mode=0755", "size=65536k"]),
            RuntimeSpec.Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            RuntimeSpec.Mount(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: [
                    "nosuid", "nodev", "noexec", "mode=1777", sharedMemory.map { "size=\($0.bytes)" } ?? "size=65536k",
                ]),
            RuntimeSpec.Mount(
                destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "nodev", "noexec"]),
            RuntimeSpec.Mount(
                destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "nodev", "noexec", access]),
            RuntimeSpec.Mount(
                destination: "/sys/fs/cgroup", type: "cgroup2", source: "cgroup",
                options: ["nosuid", "nodev", "noexec", access]),
        ]
    }

    private func sharedMemory() throws(CFSError) -> ByteCount? {
        guard let size = spec.sharedMemorySize else { return nil }
        // The kernel rounds up to whole pages, and takes 0, also by an overflow, for no limit at all (tmpfs(5)).
        guard (1...UInt64(Int64.max)).contains(size.bytes) else {
            throw CFSError(
                .invalidArgument, .parsing, "the size of /dev/shm cannot be \(size.bytes) bytes", path: "/dev/shm",
                hint: "use a size above 0; without one it is 64 MiB")
        }
        let hides = spec.mounts.contains { mount in
            let names = mount.target.pathNames.filter { $0 != "." }
            return names == ["dev"] || names == ["dev", "shm"]
        }
        guard !hides else {
            throw CFSError(
                .invalidArgument, .parsing, "--shm-size is of the engine's /dev/shm, and another mount lies over it",
                path: "/dev/shm", hint: "leave one of both away, or give that mount its size")
        }
        return size
    }

    private var generatedFiles: [RuntimeSpec.Mount] {
        GeneratedFiles.names.map { name in
            RuntimeSpec.Mount(
                destination: "/etc/\(name)", type: "bind", source: "\(surroundings.generatedFiles)/\(name)",
                options: ["bind", "rprivate", "nosuid", "nodev", "noexec"] + (spec.readOnlyRoot ? ["ro"] : []))
        }
    }

    private func mount(_ request: MountRequest) throws(CFSError) -> RuntimeSpec.Mount {
        let target = request.target
        guard target.isAbsolutePath, !target.utf8.contains(0) else {
            throw CFSError(
                .invalidArgument, .parsing, "the mount target \"\(target)\" is not an absolute path", path: target,
                hint: "write the place inside the container from / on")
        }
        let parts = target.pathNames
        guard !parts.isEmpty, !parts.contains("..") else {
            throw CFSError(
                .invalidArgument, .parsing, "nothing can be mounted at \"\(target)\" of a container", path: target,
                hint: "name a folder or file below /, without ..")
        }
        // The kernel's own tells what holds inside, and what is masked lies there (CVE-2019-16884, CVE-2023-27561).
        guard parts.first != "proc", parts != ["sys"] else {
            throw CFSError(
                .invalidArgument, .parsing,
                "nothing can be mounted at \(target): the kernel's own file system is there",
                path: target, hint: "name another folder")
        }
        var options: [String] = []
        if request.readOnly { options.append("ro") }
        if request.noSetUID { options.append("nosuid") }
        if request.noDevices { options.append("nodev") }
        if request.noExecute { options.append("noexec") }
        switch request.kind {
        case .bind(let source):
            guard source.isAbsolutePath else {
                throw CFSError(
                    .invalidArgument, .parsing, "the mount source \"\(source)\" is not an absolute path", path: source,
                    hint: "write the host's folder or file from / on")
            }
            options.insert(request.recursive ? "rbind" : "bind", at: 0)
            options.append(request.propagation ?? "rprivate")
            if request.idMapped { options.append("idmap") }
            return RuntimeSpec.Mount(destination: target, type: "bind", source: source, options: options)
        case .tmpfs(let size, let mode):
            if let size { options.append("size=\(size.bytes)") }
            options.append("mode=\(String(mode, radix: 8))")
            return RuntimeSpec.Mount(destination: target, type: "tmpfs", source: "tmpfs", options: options)
        }
    }
}
