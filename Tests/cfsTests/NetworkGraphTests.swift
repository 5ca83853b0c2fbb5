import Testing

@testable import CFSCore
@testable import cfs

@Suite("Who reaches whom, drawn")
struct NetworkGraphTests {
    private static func network(
        _ name: String, _ ranges: [(subnet: String, gateway: String?)],
        _ change: (inout NetworkRecord) -> Void = { _ in }
    ) -> NetworkRecord {
        var network = NetworkRecord(
            id: "0f8fad5b-d9cb-469f-a165-70867728950e", name: name,
            ranges: ranges.map { range in
                NetworkRecord.Range(subnet: IPSubnet(range.subnet)!, gateway: range.gateway.flatMap { IPAddress($0) })
            }, device: "cfs-\(name)", createdAt: 1)
        change(&network)
        return network
    }

    private static func member(
        _ id: Int, _ name: String, _ addresses: [String], on networks: [String], ports: [PortMapping] = [],
        _ state: ContainerRecord.State = .running(pid: 7)
    ) throws -> NetworkMember {
        let text = "00000000-0000-4000-8000-00000000000\(id)"
        var record = ContainerRecord(
            id: try #require(ContainerID(text)), name: name, image: "BusyBox", imageDigest: "", command: [],
            labels: [:], state: state, createdAt: 1, startedAt: nil, finishedAt: nil, autoRemove: false, idBase: nil)
        (record.networks, record.ports) = (networks, ports)
        return NetworkMember(
            container: record, addresses: addresses.map { IPAddress($0)! }, hardwareAddress: [2, 0, 0, 0, 0, 1])
    }

    private static func port(
        _ address: String?, _ host: UInt16, _ port: UInt16, _ transport: Transport = .tcp
    )
        -> PortMapping
    {
        PortMapping(
            hostAddress: address.flatMap { IPAddress($0) }, hostPort: host, container: ContainerPort(port, transport))
    }

    @Test("each row of the table of who reaches whom is a line")
    func everything() throws {
        let blue = Self.network("blue", [("10.176.0.0/20", "10.176.0.1"), ("fd00:1::/64", "fd00:1::1")])
        let green = Self.network("green", [("10.176.16.0/20", "10.176.16.1")])
        let vault = Self.network("vault", [("10.20.0.0/24", "10.20.0.1")]) { $0.isInternal = true }
        let closed = Self.network("closed", [("10.30.0.0/24", nil)]) { $0.isInternal = true }
        let lan = Self.network("lan", [("192.0.2.0/24", "192.0.2.254")]) { network in
            (network.driver, network.device) = (.macvlan, "eth0")
        }
        let ports = [
            Self.port("0.0.0.0", 8080, 80), Self.port("::", 8080, 80), Self.port("0.0.0.0", 90, 90),
            Self.port("127.0.0.1", 8443, 443), Self.port("192.0.2.1", 53, 5353, .udp),
            Self.port("::1", 53, 53, .udp),
        ]
        let web = ["blue", "green"]
        let graph = NetworkGraph([
            (lan, [try Self.member(5, "printer", ["192.0.2.7"], on: ["lan"])]),
            (vault, [try Self.member(3, "safe", ["10.20.0.2"], on: ["closed", "vault"])]),
            (closed, [try Self.member(3, "safe", ["10.30.0.1"], on: ["closed", "vault"])]),
            (green, [try Self.member(1, "web", ["10.176.16.2"], on: web, ports: ports)]),
            (
                blue,
                [
                    try Self.member(1, "web", ["10.176.0.3", "fd00:1::3"], on: web, ports: ports),
                    try Self.member(
                        2, "db", ["10.176.0.2", "fd00:1::2"], on: ["blue"], ports: [Self.port(nil, 5432, 5432)],
                        .exited(status: 0, reason: nil)),
                ]
            ),
        ])
        // A container reaches its network, the host and the world; the world, what is published; an internal network with a
        // gateway is reached by the host, without one by nobody; the host is none of those beside it on eth0.
        let expected = """
            world
            |  192.0.2.1:53/udp --> web:5353
            |  0.0.0.0:90/tcp --> web:90
            |  *:8080/tcp --> web:80
            |
            host
            |  [::1]:53/udp --> web:53
            |  127.0.0.1:8443/tcp --> web:443
            |
            |<-> blue --> world    10.176.0.0/20, fd00:1::/64
            |    host              10.176.0.1, fd00:1::1        host.cfs.internal
            |    db                10.176.0.2, fd00:1::2        exited
            |    web               10.176.0.3, fd00:1::3        may route to green
            |
            |-x- closed            10.30.0.0/24                 internal
            |    safe              10.30.0.1                    may route to vault
            |
            |<-> green --> world   10.176.16.0/20
            |    host              10.176.16.1                  host.cfs.internal
            |    web               10.176.16.2                  may route to blue
            |
            |--> vault             10.20.0.0/24                 internal
                 host              10.20.0.1
                 safe              10.20.0.2                    may route to closed

            eth0
            |<-> lan               192.0.2.0/24                 macvlan
                 printer           192.0.2.7

            """
        #expect(graph.text == expected)
    }

    @Test("a network on a device of the host has neither host nor world")
    func beside() {
        let lan = Self.network("lan", [("192.0.2.0/24", nil)]) { network in
            (network.driver, network.device) = (.ipvlan, "eth0")
        }
        #expect(NetworkGraph([(lan, [])]).text == "eth0\n|<-> lan   192.0.2.0/24   ipvlan\n")
    }
}
