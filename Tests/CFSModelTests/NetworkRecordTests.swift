import Testing

@testable import CFSModel

@Suite("Networks as they are stored")
struct NetworkRecordTests {
    private static func network() -> NetworkRecord {
        var network = NetworkRecord(
            id: "0f8fad5b-d9cb-469f-a165-70867728950e", name: "blue",
            ranges: [
                NetworkRecord.Range(subnet: IPSubnet("10.176.16.0/20")!, gateway: IPAddress("10.176.16.1")!),
                NetworkRecord.Range(subnet: IPSubnet("fd00:1::/64")!, gateway: nil),
            ], device: "cfs-0f8fad5b", createdAt: 1_700_000_000_000_000_000)
        network.isInternal = true
        network.mtu = 9000
        network.labels = ["a": "b"]
        return network
    }

    @Test("a network and a place on it are read as they were written")
    func roundTrip() throws {
        let endpoint = NetworkEndpoint(
            network: Self.network(), interface: "eth0",
            addresses: [IPAddress("10.176.16.2")!, IPAddress("fd00:1::2")!],
            hardwareAddress: [2, 0xcf, 10, 176, 16, 2], names: ["web", "0f8fad5bd9cb"])
        let read = NetworkEndpoint(json: try JSON(parsing: endpoint.json.bytes(), what: "an endpoint"))
        #expect(read == endpoint)
    }

    @Test("what is damaged is not read", arguments: ["id", "ranges", "driver", "device", "createdAt"])
    func damaged(_ key: String) throws {
        var object = try #require(Self.network().json.object)
        object[key] = .string("?")
        if key == "id" || key == "device" { object[key] = nil }
        #expect(NetworkRecord(json: .object(object)) == nil)
    }

    @Test(
        "a hardware address is six bytes of two digits",
        arguments: [
            "", "02:cf:0a:b0:00", "02:cf:0a:b0:00:02:03", "2:cf:0a:b0:00:02", "02:cf:0a:b0:00:0g", "02-cf-0a-b0-00-02",
            "+2:cf:0a:b0:00:02",
        ])
    func hardware(_ text: String) {
        #expect(HardwareAddress.bytes(text) == nil)
        #expect(HardwareAddress.bytes("02:CF:0a:b0:00:02") == [2, 0xcf, 10, 176, 0, 2])
        #expect(HardwareAddress.text([2, 0xcf, 10, 176, 0, 2]) == "02:cf:0a:b0:00:02")
    }

    @Test("a mapping of a port is shown as ps shows it, and read as it was written")
    func mapping() throws {
        let mappings = [
            PortMapping(hostAddress: nil, hostPort: 8080, container: ContainerPort(80)),
            PortMapping(hostAddress: IPAddress("::1"), hostPort: 53, container: ContainerPort(53, .udp)),
            PortMapping(hostAddress: IPAddress("127.0.0.1"), hostPort: nil, container: ContainerPort(80, .sctp)),
        ]
        #expect(
            mappings.map(\.text) == ["0.0.0.0:8080->80/tcp", "[::1]:53->53/udp", "127.0.0.1:?->80/sctp"])
        for mapping in mappings { #expect(PortMapping(json: mapping.json) == mapping) }
        #expect(PortMapping(json: ["containerPort": .integer(70000), "transport": "tcp"]) == nil)
    }
}
