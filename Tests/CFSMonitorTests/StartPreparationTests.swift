import CFSLinux
import CFSModel
import CFSNamespaces
import Testing

@testable import CFSMonitor

@Suite("What is known of a container before the rest")
struct StartPreparationTests {
    private static let full = StartPreparation(
        id: ContainerID(), container: "/c", run: "/r", newNamespaces: [.user, .mount, .network], unsharesCgroup: true,
        cgroupMountPoint: "/sys/fs/cgroup", cgroupFolder: "/sys/fs/cgroup/cfs", pidsLimit: UInt64.max, terminal: true,
        interactive: true)
    private static let small = StartPreparation(
        id: ContainerID(), container: "/c", run: "/r", newNamespaces: [], unsharesCgroup: false, cgroupMountPoint: nil,
        cgroupFolder: nil, pidsLimit: nil, terminal: false, interactive: false)

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

    @Test("without an id, which becomes a part of paths, it is none", arguments: ["", "../../x", "nonsense"])
    func badID(id: String) throws {
        var object = try #require(Self.full.json.object)
        object["id"] = .string(id)
        #expect(StartPreparation(json: .object(object)) == nil)
    }
}
