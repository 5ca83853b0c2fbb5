import CFSLinux
import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("A plan as people read it")
struct LaunchPlanDescriptionTests {
    private static func steps(
        _ change: (inout RuntimeSpec, inout LaunchPlan.Extras) -> Void = { _, _ in }
    ) throws -> [String] {
        var spec = LaunchPlanBuilderTests.spec()
        var extras = LaunchPlanBuilderTests.extras
        change(&spec, &extras)
        return try LaunchPlan(spec, extras).steps
    }

    private static func position(_ text: String, _ steps: [String]) throws -> Int {
        try #require(steps.firstIndex { $0.contains(text) }, "\(text) is missing in \(steps)")
    }

    @Test("protection comes in the order in which it is put on")
    func order() throws {
        let steps = try Self.steps { spec, extras in
            spec.hostname = "web"
            spec.mounts = [.init(destination: "/proc", type: "proc", source: "proc", options: ["nosuid"])]
            spec.linux.sysctl = ["net.core.somaxconn": "9"]
            spec.linux.maskedPaths = ["/proc/kcore"]
            spec.linux.readonlyPaths = ["/proc/sys"]
            extras.seccomp = SeccompFilter(bytes: [UInt8](repeating: 0, count: 80), flags: 0)
        }
        let order = [
            "clone3", "session keyring", "host name web", "map uids 0+65536 to host 100000", "overlay of 2 layers",
            "attach the root",
            "mount proc at /proc [nosuid]", "sysctl net.core.somaxconn=9", "mask /proc/kcore", "read-only /proc/sys",
            "pivot_root", "user 0:0",
            "capabilities: none", "close every descriptor", "no_new_privs", "seccomp filter of 10 instructions",
            "execve /bin/true",
        ]
        let positions = try order.map { try Self.position($0, steps) }
        #expect(positions == positions.sorted())
        #expect(positions.last == steps.count - 1)
    }

    @Test(
        "networks are made while the child makes its mounts, and before them where a setting of the network is asked for"
    )
    func networks() throws {
        var spec = LaunchPlanBuilderTests.spec()
        spec.hostname = "web"
        var extras = LaunchPlanBuilderTests.extras
        extras.hasNetworks = true
        func check(_ order: [String]) throws {
            let plan = try LaunchPlan(spec, extras)
            let steps = plan.steps(connecting: ["monitor: a device"])
            let positions = try order.map { try Self.position($0, steps) }
            #expect(positions == positions.sorted())
            #expect(steps.filter { $0 != "monitor: a device" } == plan.steps)
        }
        try check([
            "clone3", "host name web", "map uids", "monitor: overlay", "monitor: a device", "attach the root",
            "pivot_root", "child: wait until the monitor has made the networks", "user 0:0", "execve",
        ])
        spec.linux.sysctl = ["net.ipv4.conf.eth0.rp_filter": "0"]
        try check([
            "clone3", "session keyring", "loopback up", "monitor: a device", "host name web", "map uids",
            "sysctl net.ipv4.conf.eth0.rp_filter",
        ])
        #expect(try !LaunchPlan(spec, extras).waitsForNetworks)
        // What has none waits for none.
        spec.linux.sysctl = [:]
        #expect(try !LaunchPlan(spec, LaunchPlanBuilderTests.extras).waitsForNetworks)
    }

    @Test("what is not asked for is not told, and a filter that is missing is")
    func absent() throws {
        let steps = try Self.steps { spec, _ in spec.process.noNewPrivileges = false }
        for word in ["sysctl", "mask /", "host name", "no_new_privs", "pty", "init", "read-only"] {
            #expect(!steps.contains { $0.contains(word) && !$0.contains("umask") }, "\(word)")
        }
        #expect(steps.contains("child: no seccomp filter"))
    }

    @Test("a terminal, an init, a read-only root and a user's name are told")
    func present() throws {
        let steps = try Self.steps { spec, extras in
            spec.process.terminal = true
            extras.root.readOnly = true
            extras.initProcess = true
            extras.userName = "web"
        }
        for text in [
            "open a pty", "root file system read-only", "stay as a reaping init",
            "user web, from the image's own files",
        ] {
            _ = try Self.position(text, steps)
        }
        let withGroups = try Self.steps { _, extras in
            extras.userName = ""
            extras.groups = ["audio", "44"]
        }
        _ = try Self.position("user root with the groups audio 44, from the image's own files", withGroups)
    }

    @Test("namespaces that are entered are told by their path")
    func joins() throws {
        let steps = try Self.steps { spec, _ in
            spec.linux.namespaces.removeAll { $0.type == "network" || $0.type == "user" }
            spec.linux.namespaces += [.init(type: "network", path: "/n"), .init(type: "user", path: "/u")]
        }
        #expect(try Self.position("enter network namespace /n", steps) < Self.position("clone3", steps))
        #expect(try Self.position("clone inside the user namespace /u", steps) < Self.position("clone3", steps))
        #expect(!steps.contains { $0.contains("loopback") })
    }
}
