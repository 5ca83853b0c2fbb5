import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces

/// Turns what a caller asks for, and what the image says, into the OCI configuration: pure, apart from what its
/// ``Surroundings`` were asked before.
struct ContainerPlan {
    /// What the configuration depends on beside spec and image.
    struct Surroundings {
        var id: ContainerID
        var name: String
        /// The first host id; nil without a user namespace of the container's own.
        var idBase: UInt32?
        /// Paths of namespaces to join, by kind.
        var joins: [String: String] = [:]
        /// The id maps of a user namespace to join.
        var joinedMappings: [RuntimeSpec.IDRange] = []
        /// The folder of the container's generated files.
        var generatedFiles: String
        /// The devices of the caller's request, with their numbers.
        var devices: [RuntimeSpec.Device] = []
        /// What can be given: all in a user namespace of the container's own, else what the engine itself has.
        var capabilities = Capability.all
    }

    let spec: ContainerSpec
    let image: ImageRecord
    let surroundings: Surroundings

    /// Entry point and command together.
    static func command(_ spec: ContainerSpec, _ image: ImageRecord) throws(CFSError) -> [String] {
        // A new entry point leaves the image's command behind: it was written for the old one.
        let entrypoint = spec.entrypoint ?? image.configuration.entrypoint
        let command = spec.command.isEmpty && spec.entrypoint == nil ? image.configuration.command : spec.command
        let all = entrypoint + command
        guard let first = all.first else {
            throw CFSError(
                .imageHasNoCommand, .preparing, "the image \(image.name) has no command, and none was given",
                hint: "say what to run: cfs run \(image.name) COMMAND")
        }
        guard !first.isEmpty else {
            throw CFSError(
                .invalidArgument, .preparing, "the command to run is an empty word",
                hint: "is a variable empty? Say what to run: cfs run \(image.name) COMMAND")
        }
        return all
    }

    var hostname: String { spec.hostname ?? String(surroundings.id.short) }

    func configuration() throws(CFSError) -> RuntimeSpec {
        var process = RuntimeSpec.Process(args: try Self.command(spec, image))
        process.terminal = spec.terminal
        if let size = spec.windowSize {
            process.consoleSize = RuntimeSpec.ConsoleSize(height: size.rows, width: size.columns)
        }
        process.env = environment
        process.cwd = try workingDirectory()
        process.user = user
        process.capabilities = try capabilities()
        process.rlimits = try limits()
        process.noNewPrivileges = spec.noNewPrivileges ?? !spec.privileged
        process.oomScoreAdj = spec.oomScoreAdjustment

        var root = RuntimeSpec(
            root: RuntimeSpec.Root(path: "rootfs", readonly: spec.readOnlyRoot), process: process)
        root.ociVersion = "1.3.0"
        if spec.namespaces.uts == .private { root.hostname = try checkedHostname() }
        root.mounts = try MountConfiguration(spec: spec, surroundings: surroundings, image: image).mounts()
        root.linux = try linux()
        return root
    }

    private func checkedHostname() throws(CFSError) -> String {
        let bytes = hostname.utf8
        let plain = bytes.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || [0x2d, 0x2e, 0x5f].contains($0)
        }
        guard (1...64).contains(bytes.count), plain, bytes.first != 0x2d else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(hostname)\" is no host name",
                hint: "use at most 64 letters, digits, dots and hyphens (hostname(7))")
        }
        return hostname
    }

    // MARK: The process

    private static let usualPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private var environment: [String] {
        var merged = EnvironmentList([Self.usualPath])
        if spec.namespaces.uts == .private { merged.set("HOSTNAME=\(hostname)") }
        if spec.terminal { merged.set("TERM=xterm") }
        for variable in image.configuration.environment { merged.set(variable) }
        for variable in spec.environment { merged.set(variable) }
        return merged.entries
    }

    private func workingDirectory() throws(CFSError) -> String {
        if let asked = spec.workingDirectory {
            guard asked.isAbsolutePath else {
                throw CFSError(
                    .invalidArgument, .parsing, "the working directory \"\(asked)\" is not an absolute path",
                    path: asked,
                    hint: "write it from / on")
            }
            return asked
        }
        let own = image.configuration.workingDirectory
        if own.isEmpty { return "/" }
        return own.isAbsolutePath ? own : "/\(own)"
    }

    /// The ids that are given by number. Names are looked up by the launch, in the container's own files: 0 stands here.
    private var user: RuntimeSpec.User {
        let numbers = UserDatabase.numbers(in: spec.user ?? image.configuration.user)
        var user = RuntimeSpec.User()
        (user.uid, user.gid) = (numbers.uid ?? 0, numbers.gid ?? 0)
        user.umask = spec.umask
        return user
    }

    private func capabilities() throws(CFSError) -> RuntimeSpec.Capabilities {
        let names = Capability.names(of: try capabilityBits())
        var sets = RuntimeSpec.Capabilities()
        (sets.bounding, sets.effective, sets.permitted) = (names, names, names)
        return sets
    }

    /// The bit set that the seccomp profile depends on.
    func capabilityBits() throws(CFSError) -> UInt64 {
        let available = surroundings.capabilities
        for name in spec.capabilitiesToAdd {
            let asked = try Capability.parse(name)
            guard asked == Capability.all || asked & available == asked else {
                throw CFSError(
                    .notPermitted, .preparing, "the capability \(name) cannot be given: cfs does not have it here",
                    hint: "leave --userns host away: in a user namespace of its own the container may have it")
            }
        }
        return available
            & (try Capability.set(
                adding: spec.capabilitiesToAdd, dropping: spec.capabilitiesToDrop,
                from: spec.privileged ? Capability.all : Capability.defaults))
    }

    /// What holds where nobody asks for another.
    static let usualLimits = [
        RuntimeSpec.Rlimit(type: "RLIMIT_NOFILE", soft: 1024, hard: 524_288),
        RuntimeSpec.Rlimit(type: "RLIMIT_CORE", soft: 0, hard: 0),
    ]

    private func limits() throws(CFSError) -> [RuntimeSpec.Rlimit] {
        var limits = Self.usualLimits
        for limit in spec.limits {
            _ = try ResourceLimitNames.number(limit.name)
            let type = "RLIMIT_\(limit.name.uppercased())"
            limits.removeAll { $0.type == type }
            limits.append(RuntimeSpec.Rlimit(type: type, soft: limit.soft ?? .max, hard: limit.hard ?? .max))
        }
        return limits
    }

    // MARK: The Linux part

    private func linux() throws(CFSError) -> RuntimeSpec.Linux {
        var linux = RuntimeSpec.Linux()
        linux.namespaces = namespaces
        if let base = surroundings.idBase {
            let range = RuntimeSpec.IDRange(containerID: 0, hostID: base, size: IDRanges.size)
            (linux.uidMappings, linux.gidMappings) = ([range], [range])
        } else {
            (linux.uidMappings, linux.gidMappings) = (surroundings.joinedMappings, surroundings.joinedMappings)
        }
        linux.devices = surroundings.devices
        // Touching a dictionary of one's own makes the runtime search every conformance of the executable.
        if !spec.sysctls.isEmpty { linux.sysctl = spec.sysctls }
        var resources = RequestedResources.of(spec, devices: surroundings.devices)
        if resources.pids == nil { resources.pids = RuntimeSpec.Pids(limit: Self.pidsLimit) }
        linux.resources = resources
        if !spec.privileged {
            linux.maskedPaths = IsolationDefaults.maskedPaths
            linux.readonlyPaths = IsolationDefaults.readOnlyPaths
        }
        return linux
    }

    /// Processes and threads at a time, where the pids controller is on cgroup v2: a fork bomb ends here.
    static let pidsLimit: Int64 = 4096

    private var namespaces: [RuntimeSpec.Namespace] {
        var namespaces = [RuntimeSpec.Namespace(type: "mount")]
        for (kind, choice) in spec.namespaces.byKind {
            switch choice {
            case .private: namespaces.append(RuntimeSpec.Namespace(type: kind))
            case .host: continue
            case .container, .path: namespaces.append(RuntimeSpec.Namespace(type: kind, path: surroundings.joins[kind]))
            }
        }
        return namespaces
    }
}

/// Variables in the order in which they were first set; a later value replaces an earlier one.
struct EnvironmentList {
    private(set) var entries: [String]

    init(_ entries: [String]) { self.entries = entries }

    mutating func set(_ entry: String) {
        let name = entry.prefix { $0 != "=" }
        if let index = entries.firstIndex(where: { $0.prefix { $0 != "=" } == name }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
    }
}
