import CFSLinux
import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("The plan of a launch")
struct LaunchPlanBuilderTests {
    static let kinds = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"]

    /// A configuration with all namespaces new and a map of 65,536 ids.
    static func spec(without missing: [String] = []) -> RuntimeSpec {
        var process = RuntimeSpec.Process(args: ["/bin/true"])
        process.noNewPrivileges = true
        var spec = RuntimeSpec(root: .init(path: "rootfs", readonly: false), process: process)
        spec.linux.namespaces = kinds.filter { !missing.contains($0) }.map { .init(type: $0) }
        if !missing.contains("user") {
            spec.linux.uidMappings = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
            spec.linux.gidMappings = [.init(containerID: 0, hostID: 200_000, size: 65_536)]
        }
        return spec
    }

    static let extras = LaunchPlan.Extras(
        root: RootPlan(
            source: .overlay(lowers: ["/l2", "/l1"], upper: "/u", work: "/w", volatile: false), readOnly: false))

    static func plan(_ spec: RuntimeSpec) throws(CFSError) -> LaunchPlan { try LaunchPlan(spec, extras) }

    /// The error of a configuration that was changed.
    static func fault(without missing: [String] = [], _ change: (inout RuntimeSpec) -> Void) -> CFSError? {
        var spec = spec(without: missing)
        change(&spec)
        let error = #expect(throws: CFSError.self) { try plan(spec) }
        return error
    }

    // MARK: Namespaces

    @Test("new namespaces are made by the clone, but for the cgroup's, which the child makes itself")
    func namespaces() throws {
        let plan = try Self.plan(Self.spec())
        #expect(plan.newNamespaces == [.pid, .network, .mount, .ipc, .uts, .user, .time])
        #expect(plan.unsharesCgroup)
        #expect(plan.hasUserNamespace)
        #expect(plan.joins.isEmpty && plan.userNamespacePath == nil)
        #expect(plan.uidMappings == [IDMapping(container: 0, host: 100_000, size: 65_536)])
        #expect(plan.gidMappings == [IDMapping(container: 0, host: 200_000, size: 65_536)])
    }

    @Test("namespaces that exist are entered before, the user's from inside")
    func joins() throws {
        var spec = Self.spec(without: ["network", "user", "cgroup"])
        spec.linux.namespaces += [
            .init(type: "network", path: "/n"), .init(type: "user", path: "/u"), .init(type: "cgroup", path: "/c"),
        ]
        let plan = try Self.plan(spec)
        #expect(plan.joins == [.init(namespace: .network, path: "/n"), .init(namespace: .cgroup, path: "/c")])
        #expect(plan.userNamespacePath == "/u")
        #expect(plan.newNamespaces == [.pid, .mount, .ipc, .uts, .time])
        #expect(!plan.unsharesCgroup)
        #expect(plan.hasUserNamespace)
    }

    @Test("contradictions in namespaces are refused")
    func contradictions() {
        #expect(Self.fault { $0.linux.namespaces.append(.init(type: "pid")) }?.message.contains("pid") == true)
        #expect(
            Self.fault { $0.linux.namespaces.append(.init(type: "pid", path: "/p")) }?.message.contains("pid") == true)
        #expect(Self.fault { $0.linux.namespaces.append(.init(type: "net")) }?.message.contains("net") == true)
        #expect(Self.fault(without: ["mount"]) { _ in }?.message.contains("mount") == true)
        #expect(
            Self.fault(without: ["mount"]) { $0.linux.namespaces.append(.init(type: "mount", path: "/m")) }?.path
                == "/m")
        #expect(Self.fault { $0.linux.uidMappings = [] }?.message.contains("uidMappings") == true)
        #expect(Self.fault { $0.linux.gidMappings = [] }?.message.contains("gidMappings") == true)
        for error in [
            Self.fault(without: ["uts"]) { $0.hostname = "x" }, Self.fault(without: ["uts"]) { $0.domainname = "x" },
        ] {
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("uts namespace") == true)
        }
    }

    @Test("time offsets need a time namespace of the container's own")
    func timeOffsets() throws {
        let text =
            #"{"ociVersion":"1.2.0","root":{"path":"r"},"process":{"args":["a"]},"linux":{"timeOffsets":{"monotonic":{"secs":-7,"nanosecs":5}}}}"#
        var spec = try RuntimeSpec(json: JSON(parsing: Array(text.utf8), what: "config"))
        spec.linux.namespaces = [.init(type: "mount"), .init(type: "time")]
        #expect(try Self.plan(spec).timeOffsets == [.init(clock: "monotonic", seconds: -7, nanoseconds: 5)])
        spec.linux.namespaces = [.init(type: "mount")]
        #expect(throws: CFSError.self) { try Self.plan(spec) }
    }

    // MARK: The rest

    @Test("settings of the kernel are checked against the namespaces, and sorted")
    func sysctls() throws {
        var spec = Self.spec()
        spec.linux.sysctl = ["net.core.somaxconn": "9", "kernel.sem": "1 2 3 4"]
        #expect(
            try Self.plan(spec).sysctls == [
                .init(name: "kernel.sem", value: "1 2 3 4"), .init(name: "net.core.somaxconn", value: "9"),
            ])
        #expect(Self.fault(without: ["network"]) { $0.linux.sysctl = ["net.core.somaxconn": "9"] } != nil)
        #expect(Self.fault(without: ["ipc"]) { $0.linux.sysctl = ["kernel.sem": "1"] } != nil)
        #expect(Self.fault { $0.linux.sysctl = ["kernel.core_pattern": "|/x"] } != nil)
        // Another container's network is not the container's own.
        #expect(
            Self.fault(without: ["network"]) {
                $0.linux.namespaces.append(.init(type: "network", path: "/n"))
                $0.linux.sysctl = ["net.core.somaxconn": "9"]
            } != nil)
    }

    @Test("masks and read-only paths are taken over, and annotations reach nothing")
    func paths() throws {
        var spec = Self.spec()
        spec.linux.maskedPaths = ["/proc/kcore"]
        spec.linux.readonlyPaths = ["/proc/sys"]
        let plan = try Self.plan(spec)
        #expect(plan.maskedPaths == ["/proc/kcore"] && plan.readOnlyPaths == ["/proc/sys"])
        spec.annotations = [
            "org.systemd.property.ExecStart": "/x", "run.oci.seccomp": "off", "linux.namespaces": "host",
        ]
        #expect(try Self.plan(spec) == plan)
    }

    @Test("a path that ends early for the kernel is refused: what it is checked as is not what would be opened")
    func cutPaths() {
        let changes: [(inout RuntimeSpec) -> Void] = [
            { $0.mounts = [.init(destination: "/proc\u{0}x", type: "tmpfs", source: "tmpfs", options: [])] },
            { $0.mounts = [.init(destination: "/a", type: "bind", source: "/a\u{0}b", options: ["bind"])] },
            { $0.linux.maskedPaths = ["/proc/kcore\u{0}x"] }, { $0.linux.readonlyPaths = ["/proc/sys\u{0}"] },
            { $0.process.cwd = "/\u{0}" }, { $0.root.path = "a\u{0}" },
        ]
        for change in changes {
            let fault = Self.fault(change)
            #expect(fault?.code == .invalidConfiguration)
            #expect(fault?.message.contains("NUL") == true)
        }
    }

    @Test("the process has what its object says")
    func process() throws {
        var spec = Self.spec()
        spec.process.args = ["sh", "-c", "true"]
        spec.process.env = ["A=b"]
        spec.process.cwd = "/tmp"
        spec.process.user.uid = 5
        spec.process.user.gid = 6
        spec.process.user.additionalGids = [7]
        spec.process.user.umask = 0o77
        spec.process.terminal = true
        spec.process.consoleSize = .init(height: 24, width: 80)
        spec.process.oomScoreAdj = -5
        spec.process.rlimits = [.init(type: "RLIMIT_NOFILE", soft: 5, hard: UInt64.max)]
        var capabilities = RuntimeSpec.Capabilities()
        capabilities.bounding = ["CAP_KILL"]
        spec.process.capabilities = capabilities
        let process = try Self.plan(spec).process
        #expect(
            process.arguments == ["sh", "-c", "true"] && process.environment == ["A=b"]
                && process.workingDirectory == "/tmp")
        #expect(process.user == .ids(uid: 5, gid: 6, groups: [7]))
        #expect(process.umask == 0o77 && process.terminal && process.oomScoreAdjustment == -5)
        #expect(process.windowSize == WindowSize(rows: 24, columns: 80))
        #expect(process.limits == [.init(resource: 7, soft: 5, hard: UInt64.max)])
        #expect(process.capabilities.bounding == 1 << 5)
        #expect(process.noNewPrivileges && !process.dropsCapabilitiesForOrdinaryUser && process.seccomp == nil)
    }

    @Test("without capabilities in the configuration there are none; the file mask is 022")
    func processDefaults() throws {
        let process = try Self.plan(Self.spec()).process
        #expect(process.capabilities == CapabilitySets())
        #expect(process.umask == 0o022)
    }

    @Test("a user by name takes the place of the numbers, and loses capabilities unless it is root")
    func userName() throws {
        var extras = Self.extras
        extras.userName = "web"
        extras.groups = ["audio"]
        extras.initProcess = true
        extras.seccomp = SeccompFilter(bytes: [6, 0, 0, 0, 0, 0, 255, 127], flags: 2)
        let process = try LaunchPlan(Self.spec(), extras).process
        #expect(process.user == .named("web", groups: ["audio"]))
        #expect(process.dropsCapabilitiesForOrdinaryUser && process.initProcess)
        #expect(process.seccomp?.flags == 2)
    }

    @Test("a process that cannot be one is refused")
    func badProcess() {
        #expect(Self.fault { $0.process.args = [] } != nil)
        #expect(Self.fault { $0.process.args = [""] } != nil)
        #expect(Self.fault { $0.process.args = ["a\0b"] } != nil)
        #expect(Self.fault { $0.process.env = ["A=b\0C=d"] } != nil)
        #expect(Self.fault { $0.process.cwd = "tmp" }?.path == "tmp")
        #expect(Self.fault { $0.process.cwd = "" } != nil)
        #expect(
            Self.fault { $0.process.rlimits = [.init(type: "RLIMIT_CORE", soft: 2, hard: 1)] }?.message.contains(
                "RLIMIT_CORE") == true)
        #expect(Self.fault { $0.process.rlimits = [.init(type: "RLIMIT_NOTHING", soft: 1, hard: 1)] } != nil)
        #expect(
            Self.fault {
                var capabilities = RuntimeSpec.Capabilities()
                capabilities.ambient = ["CAP_NOTHING"]
                $0.process.capabilities = capabilities
            } != nil)
    }
}
