import CFSLinux
import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("The mounts of a plan")
struct LaunchPlanMountsTests {
    private static func mount(
        _ destination: String, _ type: String, _ source: String = "", _ options: [String] = [],
        without missing: [String] = []
    ) throws -> MountPlan {
        var spec = LaunchPlanBuilderTests.spec(without: missing)
        spec.mounts = [.init(destination: destination, type: type, source: source, options: options)]
        return try #require(try LaunchPlanBuilderTests.plan(spec).mounts.first)
    }

    @Test("file systems of the container's own namespaces are mounted by the child")
    func ownMounts() throws {
        let cases: [(String, String, MountPlan.Kind)] = [
            ("/proc", "proc", .proc(options: [])), ("/sys", "sysfs", .sysfs), ("/dev/mqueue", "mqueue", .mqueue),
            ("/sys/fs/cgroup", "cgroup", .cgroup),
            ("/sys/fs/cgroup", "cgroup2", .cgroup),
        ]
        for (target, type, kind) in cases {
            let plan = try Self.mount(target, type, type, ["nosuid", "noexec", "nodev", "ro"])
            #expect(plan.kind == kind)
            #expect(plan.maker == .child)
            #expect(plan.set == [.noSetUID, .noExecute, .noDevices, .readOnly])
        }
        #expect(
            try Self.mount("/dev/pts", "devpts", "devpts", ["nosuid", "mode=0620"]).kind
                == .devpts(options: ["mode=0620"]))
        #expect(try Self.mount("/tmp", "tmpfs", "tmpfs", ["size=64k"]).kind == .tmpfs(options: ["size=64k"]))
    }

    @Test("a file system of a namespace that is shared is mounted by the launcher: the container may not")
    func sharedMounts() throws {
        #expect(try Self.mount("/proc", "proc", without: ["pid"]).maker == .launcher)
        #expect(try Self.mount("/sys", "sysfs", without: ["network"]).maker == .launcher)
        #expect(try Self.mount("/dev/mqueue", "mqueue", without: ["ipc"]).maker == .launcher)
        let cgroup = try Self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro"], without: ["cgroup"])
        #expect(cgroup.kind == .bind(source: "/sys/fs/cgroup", recursive: true))
        #expect(cgroup.maker == .launcher && cgroup.set == .readOnly && cgroup.recursiveAttributes)
        // Without a user namespace the child has the host's privilege.
        #expect(try Self.mount("/proc", "proc", without: ["pid", "user"]).maker == .child)
    }

    @Test("a bind is made by the launcher, recursive or not, read-only for all that lies in it")
    func binds() throws {
        let plan = try Self.mount("/data", "bind", "/srv/data", ["rbind", "ro", "rslave", "nosuid"])
        #expect(plan.kind == .bind(source: "/srv/data", recursive: true))
        #expect(plan.maker == .launcher)
        #expect(plan.set == [.readOnly, .noSetUID])
        #expect(plan.recursiveAttributes)
        #expect(plan.propagation == .rslave)
        #expect(try Self.mount("/data", "none", "/srv", ["bind"]).kind == .bind(source: "/srv", recursive: false))
        #expect(try Self.mount("/data", "bind", "/srv", ["rw"]).recursiveAttributes == false)
        #expect(try Self.mount("/data", "bind", "/srv", ["idmap"]).idMapped)
    }

    @Test("mounts keep their order")
    func order() throws {
        var spec = LaunchPlanBuilderTests.spec()
        spec.mounts = ["/proc", "/a", "/a/b"].map {
            .init(destination: $0, type: $0 == "/proc" ? "proc" : "tmpfs", source: "", options: [])
        }
        #expect(try LaunchPlanBuilderTests.plan(spec).mounts.map(\.target) == ["/proc", "/a", "/a/b"])
    }

    @Test("what is no mount is refused")
    func badMounts() {
        #expect(Self.fault(.init(destination: "proc", type: "proc", source: "", options: []))?.path == "proc")
        #expect(Self.fault(.init(destination: "", type: "tmpfs", source: "", options: [])) != nil)
        #expect(Self.fault(.init(destination: "/a", type: "bind", source: "relative", options: []))?.path == "relative")
        #expect(Self.fault(.init(destination: "/a", type: "bind", source: "", options: ["bind"])) != nil)
        #expect(
            Self.fault(.init(destination: "/a", type: "bind", source: "/b", options: ["size=1k"]))?.message.contains(
                "size=1k") == true)
        #expect(
            Self.fault(.init(destination: "/a", type: "ext4", source: "/dev/sda", options: []))?.message.contains(
                "ext4")
                == true)
        #expect(Self.fault(.init(destination: "/a", type: "", source: "/b", options: [])) != nil)
    }

    // MARK: What a file system does not know

    private static func fault(_ mount: RuntimeSpec.Mount, without missing: [String] = []) -> CFSError? {
        LaunchPlanBuilderTests.fault(without: missing) { $0.mounts = [mount] }
    }

    @Test(
        "an option that nobody would honour is refused, with the mount and the option",
        arguments: [
            ("proc", "proc", "nohide"), ("proc", "proc", "pidns=/x"), ("sysfs", "sysfs", "mode=700"),
            ("mqueue", "mqueue", "size=1k"), ("cgroup", "cgroup", "nsdelegate"), ("cgroup2", "cgroup2", "cpu"),
            ("bind", "bind", "size=1k"), ("none", "bind", "uid=7"),
        ])
    func unknownOptions(type: String, name: String, option: String) throws {
        let options = name == "bind" ? ["bind", option] : ["nosuid", option]
        let mount = RuntimeSpec.Mount(destination: "/place", type: type, source: "/source", options: options)
        let error = try #require(Self.fault(mount))
        #expect(error.code == .invalidConfiguration && error.path == "/place")
        #expect(
            error.message
                == "the mount at /place cannot have the option \"\(option)\": a \(name) mount does not know it")
        // The bind of a cgroup tree that is shared drops nothing either.
        let shared = Self.fault(mount, without: ["cgroup", "pid", "ipc", "network"])
        #expect(shared?.message == error.message)
    }

    @Test("procfs gets its options, and a group that the launcher sets is the host's")
    func procOptions() throws {
        let options = ["nosuid", "hidepid=2", "gid=5", "subset=pid"]
        #expect(
            try Self.mount("/proc", "proc", "proc", options).kind
                == .proc(options: ["hidepid=2", "gid=5", "subset=pid"]))
        #expect(
            try Self.mount("/proc", "proc", "proc", options, without: ["pid"]).kind
                == .proc(options: ["hidepid=2", "gid=200005", "subset=pid"]))
        for value in ["70000", "", "x", "-1"] {
            let mount = RuntimeSpec.Mount(
                destination: "/proc", type: "proc", source: "proc", options: ["gid=\(value)"])
            #expect(Self.fault(mount, without: ["pid"])?.message.contains("\"gid=\(value)\"") == true)
        }
    }

    @Test("an id map without a user namespace is refused, and so is one of what is no bind")
    func idMaps() throws {
        var mount = RuntimeSpec.Mount(destination: "/data", type: "bind", source: "/srv", options: ["bind", "idmap"])
        #expect(Self.fault(mount, without: ["user"])?.message.contains("mount at /data") == true)
        #expect(Self.fault(mount, without: ["user"])?.message.contains("\"idmap\"") == true)
        for type in ["tmpfs", "proc", "devpts"] {
            mount = .init(destination: "/data", type: type, source: type, options: ["ridmap"])
            #expect(Self.fault(mount)?.message.contains("only a bind mount is mapped") == true)
        }
    }

    @Test("with the option bind the type means nothing")
    func bindOverType() throws {
        #expect(try Self.mount("/a", "tmpfs", "/srv", ["bind"]).kind == .bind(source: "/srv", recursive: false))
        #expect(try Self.mount("/a", "proc", "/srv", ["rbind"]).kind == .bind(source: "/srv", recursive: true))
    }

    @Test("devices without a /dev to put them into are refused")
    func devicesWithoutFolder() {
        let error = LaunchPlanBuilderTests.fault {
            $0.linux.devices = [.init(type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: nil)]
        }
        #expect(error?.code == .invalidConfiguration && error?.path == "/dev/fuse")
    }
}
