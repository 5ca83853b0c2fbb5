import CFSLinux
import CFSModel
import CFSNamespaces
import Testing

@testable import CFSMonitor

@Suite("What is known of a container before the rest")
struct StartPreparationTests {
    private static let limits: RuntimeSpec.Resources = {
        var limits = RuntimeSpec.Resources()
        limits.memory = RuntimeSpec.Memory()
        limits.memory?.limit = 64 << 20
        limits.devices = [
            RuntimeSpec.DeviceRule(allow: false), RuntimeSpec.DeviceRule(allow: true, type: "c", major: 1),
        ]
        return limits
    }()
    private static let full = StartPreparation(
        id: ContainerID(), container: "/c", run: "/r", newNamespaces: [.user, .mount, .network], unsharesCgroup: true,
        cgroupMountPoint: "/sys/fs/cgroup", cgroupFolder: "/sys/fs/cgroup/cfs", pidsLimit: UInt64.max,
        resources: limits, terminal: true, interactive: true, hasNetworks: true)
    private static let small = StartPreparation(
        id: ContainerID(), container: "/c", run: "/r", newNamespaces: [], unsharesCgroup: false, cgroupMountPoint: nil,
        cgroupFolder: nil, pidsLimit: nil, resources: nil, terminal: false, interactive: false)

    @Test("it arrives as it was sent", arguments: [full, small])
    func roundTrip(preparation: StartPreparation) throws {
        #expect(try MonitorMessage(parsing: MonitorMessage.prepare(preparation).bytes) == .prepare(preparation))
    }

    @Test("the clone gets the namespaces, and no other flags of clone3")
    func beginning() {
        #expect(Self.full.beginning.newNamespaces == [.user, .mount, .network])
        #expect(Self.full.beginning.unsharesCgroup)
        #expect(Self.small.beginning.newNamespaces == [])
    }

    @Test("networks are begun in a network namespace of its own only, whatever the message says")
    func networksOfItsOwn() throws {
        #expect(Self.full.hasNetworks)
        #expect(!Self.small.hasNetworks)
        var object = try #require(Self.small.json.object)
        object["hasNetworks"] = true
        let sent = try #require(try StartPreparation(json: .object(object)))
        #expect(!sent.hasNetworks)
    }

    @Test("without an id, which becomes a part of paths, it is none", arguments: ["", "../../x", "nonsense"])
    func badID(id: String) throws {
        var object = try #require(Self.full.json.object)
        object["id"] = .string(id)
        #expect(try StartPreparation(json: .object(object)) == nil)
    }

    @Test("limits that are none are an error, not no limits")
    func badLimits() throws {
        var object = try #require(Self.full.json.object)
        object["resources"] = ["memory": ["limit": "much"]]
        let error = #expect(throws: CFSError.self) { _ = try StartPreparation(json: .object(object)) }
        #expect(error?.message.contains("memory.limit") == true)
    }

    // MARK: A start that was not prepared

    private static func unprepared(pids: Int64, isDefault: Bool) throws -> StartPreparation {
        var spec = RuntimeSpec(
            root: RuntimeSpec.Root(path: "rootfs", readonly: false), process: RuntimeSpec.Process(args: ["true"]))
        var resources = RuntimeSpec.Resources()
        resources.pids = RuntimeSpec.Pids(limit: pids)
        spec.linux.resources = resources
        var request = MonitorRequest(id: ContainerID(), spec: spec, layers: ["/l"])
        request.spec.linux.namespaces = [RuntimeSpec.Namespace(type: "mount")]
        request.pidsLimitIsDefault = isDefault
        let folder = ContainerFolder(container: "/c", run: "/r")
        return StartPreparation(request, folder, try LaunchPlan(request, folder))
    }

    @Test("the engine's own limit of processes is a default, one that was asked for is a request")
    func defaultLimit() throws {
        let own = try Self.unprepared(pids: 4096, isDefault: true)
        #expect(own.pidsLimit == 4096)
        #expect(own.resources?.pids == nil)
        let asked = try Self.unprepared(pids: 4096, isDefault: false)
        #expect(asked.pidsLimit == nil)
        #expect(asked.resources?.pids?.limit == 4096)
    }
}
