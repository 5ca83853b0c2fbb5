import CFSModel
import CFSNamespaces
import TestSupport
import Testing

@testable import CFSCore

@Suite("What a spec and an image become")
struct ContainerPlanTests {
    static func image(_ change: (inout ImageRecord.Configuration) -> Void = { _ in }) throws -> ImageRecord {
        let digest = try Digest("sha256:" + String(repeating: "a", count: 64))
        var configuration = ImageRecord.Configuration()
        configuration.command = ["/bin/sh"]
        change(&configuration)
        return ImageRecord(
            name: "sample", digest: digest, source: .imported, architecture: "amd64", layers: [],
            configuration: configuration,
            createdAt: 0)
    }

    static func plan(_ spec: ContainerSpec, _ image: ImageRecord, idBase: UInt32? = 1_000_000) -> ContainerPlan {
        ContainerPlan(
            spec: spec, image: image,
            surroundings: ContainerPlan.Surroundings(
                id: ContainerID(), name: "one", idBase: idBase, generatedFiles: "/state/one"))
    }

    static func configuration(
        _ image: ImageRecord? = nil, _ change: (inout ContainerSpec) -> Void = { _ in }
    ) throws -> RuntimeSpec {
        var spec = ContainerSpec(image: "sample")
        change(&spec)
        return try plan(spec, image ?? Self.image()).configuration()
    }

    static func error(_ image: ImageRecord? = nil, _ change: (inout ContainerSpec) -> Void) -> CFSError? {
        #expect(throws: CFSError.self) { _ = try configuration(image, change) }
    }

    // MARK: The command

    @Test(
        "the command follows Docker's rules for entry points",
        arguments: [
            (["/e"], ["c"], nil, [], ["/e", "c"]), (["/e"], ["c"], nil, ["x"], ["/e", "x"]),
            ([], ["c"], nil, [], ["c"]),
            ([], ["c"], nil, ["x", "y"], ["x", "y"]), (["/e"], ["c"], ["/n"], [], ["/n"]),
            (["/e"], ["c"], ["/n"], ["x"], ["/n", "x"]), (["/e"], ["c"], [], ["x"], ["x"]),
        ] as [([String], [String], [String]?, [String], [String])])
    func command(entrypoint: [String], own: [String], new: [String]?, asked: [String], expected: [String]) throws {
        let image = try Self.image {
            $0.entrypoint = entrypoint
            $0.command = own
        }
        let result = try Self.configuration(image) {
            $0.entrypoint = new
            $0.command = asked
        }
        #expect(result.process.args == expected)
    }

    @Test("an image without a command says so, and what to do")
    func noCommand() throws {
        let error = Self.error(try Self.image { $0.command = [] }) { _ in }
        #expect(error?.code == .imageHasNoCommand)
        #expect(error?.hint?.contains("cfs run sample COMMAND") == true)
        #expect(Self.error(nil) { $0.entrypoint = [] }?.code == .imageHasNoCommand)
    }

    // MARK: The process

    @Test("variables of the caller replace those of the image, those replace the defaults, and an empty value stays")
    func environment() throws {
        let image = try Self.image { $0.environment = ["PATH=/image", "A=image", "B=image"] }
        let result = try Self.configuration(image) { $0.environment = ["A=caller", "B=", "C=x=y"] }
        #expect(result.process.env.contains("PATH=/image"))
        #expect(result.process.env.contains("A=caller"))
        #expect(result.process.env.contains("B="))
        #expect(result.process.env.contains("C=x=y"))
        #expect(Set(result.process.env.map { $0.prefix { $0 != "=" } }).count == result.process.env.count)
        #expect(!result.process.env.contains { $0.hasPrefix("TERM=") })
        #expect(try Self.configuration { $0.terminal = true }.process.env.contains("TERM=xterm"))
    }

    @Test("a relative working directory of the caller is an error, one of an image means from the root")
    func workingDirectory() throws {
        #expect(try Self.configuration(Self.image { $0.workingDirectory = "srv" }).process.cwd == "/srv")
        #expect(try Self.configuration().process.cwd == "/")
        #expect(Self.error { $0.workingDirectory = "srv" }?.code == .invalidArgument)
    }

    @Test(
        "ids that are given by number stand in the configuration, the caller's before the image's; for names there is 0",
        arguments: [
            (nil, "", 0, 0), ("1000:1001", "", 1000, 1001), ("7", "", 7, 0), (nil, "8:9", 8, 9), ("5", "8:9", 5, 0),
            ("tc", "8:9", 0, 0), ("tc:9", "", 0, 9), ("7:lp", "", 7, 0), (":9", "", 0, 9), ("7:", "", 7, 0),
            ("4294967295", "", 0, 0), ("+1:-1", "", 0, 0),
        ] as [(String?, String, UInt32, UInt32)])
    func user(asked: String?, own: String, uid: UInt32, gid: UInt32) throws {
        let result = try Self.configuration(try Self.image { $0.user = own }) {
            $0.user = asked
            $0.umask = 0o27
        }
        let user = result.process.user
        #expect(user.uid == uid && user.gid == gid && user.umask == 0o27 && user.additionalGids.isEmpty)
    }

    @Test("a default container has eleven capabilities, none of them inheritable or ambient")
    func capabilities() throws {
        let sets = try #require(try Self.configuration().process.capabilities)
        let expected = [
            "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE",
            "SYS_CHROOT",
            "SETFCAP",
        ].map { "CAP_\($0)" }
        #expect(Set(sets.bounding) == Set(expected))
        #expect(sets.effective == sets.bounding)
        #expect(sets.inheritable.isEmpty && sets.ambient.isEmpty)
        let changed = try #require(
            try Self.configuration {
                $0.capabilitiesToAdd = ["net_admin"]
                $0.capabilitiesToDrop = ["ALL"]
            }.process.capabilities)
        #expect(changed.bounding == ["CAP_NET_ADMIN"])
    }

    @Test(
        "a privileged container has all capabilities, less those that are dropped",
        arguments: [
            ([], [], Capability.all), ([], ["CHOWN", "cap_sys_admin"], Capability.all & ~(1 | 1 << 21)),
            ([], ["ALL"], 0),
            (["KILL"], ["ALL"], 1 << 5), (["CHOWN"], ["CHOWN"], Capability.all),
            (["ALL"], ["CHOWN"], Capability.all & ~1), (["ALL"], ["ALL"], Capability.all),
        ] as [([String], [String], UInt64)])
    func privilegedCapabilities(added: [String], dropped: [String], expected: UInt64) throws {
        let sets = try #require(
            try Self.configuration {
                $0.privileged = true
                ($0.capabilitiesToAdd, $0.capabilitiesToDrop) = (added, dropped)
            }.process.capabilities)
        #expect(sets.bounding == Capability.names(of: expected))
        #expect(sets.effective == sets.bounding && sets.permitted == sets.bounding)
        #expect(sets.inheritable.isEmpty && sets.ambient.isEmpty)
    }

    @Test("an unknown capability is an error also for a privileged container")
    func unknownCapability() {
        let error = Self.error {
            $0.privileged = true
            $0.capabilitiesToAdd = ["NET_ADMN"]
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.hint?.contains("NET_ADMIN") == true)
        let dropped = Self.error {
            $0.privileged = true
            $0.capabilitiesToDrop = ["SYS_ADMN"]
        }
        #expect(dropped?.code == .invalidArgument && dropped?.message == "unknown capability \"SYS_ADMN\"")
    }

    @Test("limits of the caller replace the defaults")
    func limits() throws {
        let limits = try Self.configuration {
            $0.limits = [
                ResourceLimit(name: "nofile", soft: 10, hard: nil), ResourceLimit(name: "nproc", soft: 5, hard: 6),
            ]
        }.process.rlimits
        #expect(
            limits.first { $0.type == "RLIMIT_NOFILE" }
                == RuntimeSpec.Rlimit(type: "RLIMIT_NOFILE", soft: 10, hard: .max))
        #expect(
            limits.first { $0.type == "RLIMIT_NPROC" } == RuntimeSpec.Rlimit(type: "RLIMIT_NPROC", soft: 5, hard: 6))
        #expect(limits.first { $0.type == "RLIMIT_CORE" } == RuntimeSpec.Rlimit(type: "RLIMIT_CORE", soft: 0, hard: 0))
        #expect(limits.count == 3)
    }

    @Test(
        "a host name that no kernel or resolver takes is an error",
        arguments: ["", "a b", "-a", "ä", String(repeating: "x", count: 65)])
    func hostname(_ name: String) {
        #expect(Self.error { $0.hostname = name }?.code == .invalidArgument)
    }

    // MARK: Isolation

    @Test("all eight namespaces are private by default, and the user namespace has the container's own ids")
    func namespaces() throws {
        let linux = try Self.configuration().linux
        #expect(
            Set(linux.namespaces.map(\.type)) == ["mount", "user", "pid", "network", "ipc", "uts", "cgroup", "time"])
        #expect(linux.namespaces.allSatisfy { $0.path == nil })
        let range = RuntimeSpec.IDRange(containerID: 0, hostID: 1_000_000, size: 65536)
        #expect(linux.uidMappings == [range] && linux.gidMappings == [range])
    }

    @Test("the host's namespaces are left out, and with them what needs one's own")
    func hostNamespaces() throws {
        let result = try Self.configuration {
            $0.namespaces.uts = .host
            $0.namespaces.network = .host
        }
        #expect(!result.linux.namespaces.contains { ["uts", "network"].contains($0.type) })
        #expect(result.hostname == nil)
    }

    @Test("what the security page masks is masked, unless the container is privileged")
    func masks() throws {
        let linux = try Self.configuration().linux
        for path in [
            "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware", "/sys/kernel/security",
            "/proc/kpagecount",
        ] {
            #expect(linux.maskedPaths.contains(path))
        }
        #expect(linux.readonlyPaths.contains("/proc/sysrq-trigger"))
        let open = try Self.configuration { $0.privileged = true }
        #expect(open.linux.maskedPaths.isEmpty && open.linux.readonlyPaths.isEmpty && !open.process.noNewPrivileges)
        #expect(try Self.configuration().process.noNewPrivileges)
    }

    // MARK: Mounts

    @Test("the kernel's file systems forbid what they need not allow")
    func kernelMounts() throws {
        let mounts = try Self.configuration().mounts
        func options(_ path: String) -> Set<String> { Set(mounts.last { $0.destination == path }?.options ?? []) }
        #expect(options("/proc").isSuperset(of: ["nosuid", "nodev", "noexec"]))
        #expect(options("/dev").isSuperset(of: ["nosuid", "noexec"]) && !options("/dev").contains("nodev"))
        #expect(options("/sys").contains("ro") && options("/sys/fs/cgroup").contains("ro"))
        #expect(options("/dev/pts").contains("newinstance"))
    }

    @Test("a bind of the caller is nosuid, nodev and private, and idmapped only when asked")
    func binds() throws {
        func options(_ change: (inout MountRequest) -> Void = { _ in }) throws -> [String] {
            var request = MountRequest(kind: .bind(source: "/data"), target: "/srv")
            change(&request)
            return try Self.configuration { $0.mounts = [request] }.mounts.last?.options ?? []
        }
        #expect(try Set(options()).isSuperset(of: ["rbind", "nosuid", "nodev", "rprivate"]))
        #expect(try !options().contains("idmap") && !options().contains("ro"))
        #expect(
            try Set(
                options {
                    $0.readOnly = true; $0.idMapped = true; $0.propagation = "rslave"
                }
            ).isSuperset(of: ["ro", "idmap", "rslave"]))
    }

    @Test("a mount of the caller replaces the engine's own file there")
    func generatedFiles() throws {
        let own = try Self.configuration {
            $0.mounts = [MountRequest(kind: .bind(source: "/my/hosts"), target: "/etc/hosts")]
        }
        #expect(own.mounts.filter { $0.destination == "/etc/hosts" }.map(\.source) == ["/my/hosts"])
        #expect(try Self.configuration().mounts.contains { $0.source == "/state/one/hosts" })
    }

    @Test(
        "nothing can be mounted over the root, outside, or from nowhere",
        arguments: ["", "srv", "/", "//", "/a/../b", "/..", "/a/../\u{301}b"])
    func mountTargets(_ target: String) {
        #expect(
            Self.error { $0.mounts = [MountRequest(kind: .bind(source: "/data"), target: target)] }?.code
                == .invalidArgument)
    }

    @Test("a relative mount source is an error")
    func mountSources() {
        #expect(
            Self.error { $0.mounts = [MountRequest(kind: .bind(source: "data"), target: "/srv")] }?.code
                == .invalidArgument)
    }

    @Test("a size of a tmpfs reaches the kernel in bytes, its mode in octal digits")
    func tmpfs() throws {
        let request = MountRequest(kind: .tmpfs(size: ByteCount(65536), mode: 0o1777), target: "/tmp")
        let options = try Self.configuration { $0.mounts = [request] }.mounts.last?.options ?? []
        #expect(options.contains("size=65536") && options.contains("mode=1777"))
    }

    @Test("the size of /dev/shm is asked for or 64 MiB, and never the one of which the kernel makes no limit")
    func sharedMemory() throws {
        func size(_ size: ByteCount?) throws -> [String] {
            let mounts = try Self.configuration { $0.sharedMemorySize = size }.mounts
            return mounts.filter { $0.destination == "/dev/shm" }.flatMap {
                $0.options.filter { $0.hasPrefix("size=") }
            }
        }
        #expect(try size(nil) == ["size=65536k"])
        #expect(try size(ByteCount(1 << 20)) == ["size=1048576"])
        for bytes in [0, UInt64(Int64.max) + 1, .max] {
            let error = Self.error { $0.sharedMemorySize = ByteCount(bytes) }
            #expect(error?.message == "the size of /dev/shm cannot be \(bytes) bytes")
        }
    }

    @Test(
        "the size of a /dev/shm that the caller's own mount hides is an error",
        arguments: ["/dev/shm", "/dev", "/dev//shm/", "/./dev/shm"])
    func hiddenSharedMemory(target: String) throws {
        let mount = MountRequest(kind: .tmpfs(size: nil, mode: 0o1777), target: target)
        let error = Self.error {
            $0.mounts = [mount]
            $0.sharedMemorySize = ByteCount(1 << 20)
        }
        #expect(error?.message == "--shm-size is of the engine's /dev/shm, and another mount lies over it")
        #expect(try Self.configuration { $0.mounts = [mount] }.mounts.last?.destination == target)
    }
}
