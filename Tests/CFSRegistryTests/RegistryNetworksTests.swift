import CFSModel
import TestSupport
import Testing

@testable import CFSRegistry

@Suite("Networks and addresses in the registry")
struct RegistryNetworksTests {
    let folder = TemporaryDirectory()
    var registry: Registry { Registry(path: folder("registry.db")) }

    private func network(_ name: String) -> NetworkRecord {
        NetworkRecord(
            id: ContainerID().text, name: name,
            ranges: [NetworkRecord.Range(subnet: IPSubnet("10.1.0.0/24")!, gateway: IPAddress("10.1.0.1"))],
            device: "cfs-\(name)", createdAt: 7)
    }

    private func container(_ name: String) throws -> ContainerID {
        let row = try RegistryTests().row(name)
        try registry.insert(row, wantsSlot: false)
        return row.id
    }

    private func place(_ container: ContainerID, _ network: String, _ last: Int) -> EndpointRow {
        EndpointRow(
            container: container, network: network,
            addresses: [IPAddress("10.1.0.\(last)")!, IPAddress("fd00::\(last)")!],
            hardwareAddress: [2, 0xcf, 0, 0, 0, UInt8(last)])
    }

    @Test("a network comes back as it was put in; its name is its own")
    func roundTrip() throws {
        let network = network("blue")
        try registry.insertNetwork { _ in network }
        #expect(try registry.networks() == [network])
        #expect(try registry.network(named: "blue") == network && registry.network(named: "red") == nil)
        let again = self.network("blue")
        let error = #expect(throws: CFSError.self) { try registry.insertNetwork { _ in again } }
        #expect(error?.code == .nameTaken && error?.message == "a network has the name blue already")
        try registry.removeNetwork(network)
        #expect(try registry.networks().isEmpty)
    }

    @Test("who makes a network sees all others, and what it throws leaves none")
    func others() throws {
        let registry = registry
        let red = network("red")
        try registry.insertNetwork { _ in red }
        let error = #expect(throws: CFSError.self) {
            try registry.insertNetwork { others throws(CFSError) in
                throw CFSError(.conflict, .preparing, others.map(\.name).joined())
            }
        }
        #expect(error?.message == "red")
        #expect(try registry.networks() == [red])
    }

    @Test("a place goes with its container's row, and a network that has one does not go")
    func places() throws {
        let registry = registry
        let network = network("blue")
        try registry.insertNetwork { _ in network }
        let one = try container("one")
        let places = try registry.attach(one, to: [network.id]) { _, _, others in
            #expect(others.isEmpty)
            return place(one, network.id, 2)
        }
        #expect(places.map(\.row) == [place(one, network.id, 2)] && places.map(\.network) == [network])
        #expect(try registry.endpoints(on: network.id) == [place(one, network.id, 2)])
        let error = #expect(throws: CFSError.self) { try registry.removeNetwork(network) }
        #expect(error?.code == .networkInUse && error?.message == "1 container is on the network blue")
        try registry.removeContainer(one)
        #expect(try registry.endpoints().isEmpty)
        try registry.removeNetwork(network)
    }

    @Test("no address is ever given twice, whoever asks, and of several places all are there or none")
    func twice() throws {
        let registry = registry
        let (blue, red) = (network("blue"), network("red"))
        for network in [blue, red] { try registry.insertNetwork { _ in network } }
        let (one, two) = (try container("one"), try container("two"))
        _ = try registry.attach(one, to: [blue.id]) { _, _, _ in place(one, blue.id, 2) }
        let error = #expect(throws: CFSError.self) {
            try registry.attach(two, to: [red.id, blue.id]) { index, network, _ in
                place(two, network.id, index == 0 ? 3 : 2)
            }
        }
        #expect(error?.code == .conflict)
        #expect(try registry.endpoints().map(\.container) == [one])
        // The same address on another network is another address.
        _ = try registry.attach(two, to: [red.id]) { _, _, _ in place(two, red.id, 2) }
        #expect(try registry.endpoints().count == 2)
        let gone = #expect(throws: CFSError.self) {
            try registry.attach(two, to: ["nothing"]) { _, _, _ in place(two, "nothing", 4) }
        }
        #expect(gone?.code == .networkNotFound)
    }

    @Test("a damaged registry keeps its networks and places")
    func rebuilt() throws {
        let path = folder("registry.db")
        let network = network("blue")
        let one: ContainerID
        do {
            let registry = Registry(path: path)
            try registry.insertNetwork { _ in network }
            one = try container("one")
            _ = try registry.attach(one, to: [network.id]) { _, _, _ in place(one, network.id, 2) }
            try registry.write { database throws(CFSError) in
                try database.execute("UPDATE containers SET command = 'nonsense' WHERE name = 'one'")
            }
            let two = try container("two")
            _ = try registry.attach(two, to: [network.id]) { _, _, _ in place(two, network.id, 3) }
        }
        _ = try Registry.rebuild(path: path)
        #expect(try registry.networks() == [network])
        #expect(try registry.endpoints().count == 2)
    }
}
