import CFSOptions
import Testing

@testable import CFSCore
@testable import CFSServer

@Suite("Networks over REST")
struct NetworkRoutesTests {
    private static func object(_ text: String) throws -> JSONObject {
        try #require(try JSON(parsing: Array(text.utf8), what: "the body").object)
    }

    private static func message(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch let error as ServerError {
            return error.document["message"]?.string
        } catch {
            return (error as? CFSError)?.message
        }
    }

    @Test("a network is made by the words of the command line")
    func creation() throws {
        let (name, options) = try NetworkRoutes.read(
            creation: try Self.object(
                #"{"name":"blue","driver":"macvlan","subnet":["10.10.0.0/24","fd00:1::/64"],"gateway":"10.10.0.9","#
                    + #""ipv6":true,"internal":false,"opt":["mtu=1400","parent=eth0"],"label":"a=b"}"#))
        let spec = try options.spec(name: name)
        #expect(spec.name == "blue" && spec.driver == .macvlan && spec.ipv6 && !spec.isInternal)
        #expect(spec.subnets == [try #require(IPSubnet("10.10.0.0/24")), try #require(IPSubnet("fd00:1::/64"))])
        #expect(spec.gateways == [try #require(IPAddress("10.10.0.9"))])
        #expect(spec.mtu == 1400 && spec.parent == "eth0" && spec.labels == ["a": "b"])
        let plain = try NetworkRoutes.read(creation: try Self.object(#"{"name":"x","driver":null}"#))
        #expect(try plain.1.spec(name: plain.0) == NetworkSpec(name: "x"))
    }

    @Test("every option of cfs network create is a field, and no other")
    func fields() {
        #expect(
            Set(NetworkRoutes.creation.map(\.0)) == Set(NetworkSpecOptions.optionNames.all.map(\.name) + ["name"]))
    }

    @Test(
        "what is wrong is told with its name",
        arguments: [
            ("{}", "the field name is missing"), (#"{"name":""}"#, "the field name is empty"),
            (#"{"name":7}"#, "name does not take 7"), (#"{"name":"x","colour":"red"}"#, "unknown field colour"),
            (#"{"name":"x","ipv6":"yes"}"#, #"ipv6 does not take "yes""#),
            (#"{"name":"x","subnet":[1]}"#, "subnet does not take [1]"),
            (#"{"name":"x","subnet":"10.1.0.1/24"}"#, #"--subnet does not take "10.1.0.1/24""#),
            (#"{"name":"x","driver":"overlay"}"#, #"there is no driver "overlay""#),
            (#"{"name":"x","opt":"colour=red"}"#, #"--opt does not know "colour=red""#),
            (#"{"name":"a\u0000b"}"#, #"name does not take "a\u0000b""#),
        ])
    func wrong(body: String, expected: String) {
        let found = Self.message {
            let (name, options) = try NetworkRoutes.read(creation: try Self.object(body))
            _ = try options.spec(name: name)
        }
        #expect(found == expected)
    }

    @Test("a place on a network is asked for with its addresses and names")
    func connection() throws {
        func read(_ text: String) throws -> (String, NetworkRequest) {
            let fields = try NetworkFields(try Self.object(text), NetworkRoutes.connection)
            return try NetworkRoutes.read(connection: fields, "blue")
        }
        let (container, request) = try read(
            #"{"container":"web","ip":"10.1.0.7","ip6":"fd00::7","mac":"02:00:0a:0a:00:07","alias":["db","sql"]}"#)
        #expect(container == "web" && request.network == "blue" && request.aliases == ["db", "sql"])
        #expect(request.addresses.map { "\($0)" } == ["10.1.0.7", "fd00::7"])
        #expect(request.hardwareAddress == [2, 0, 10, 10, 0, 7])
        #expect(try read(#"{"container":"web"}"#).1 == NetworkRequest("blue"))
        for (body, expected) in [
            ("{}", "the field container is missing"),
            (#"{"container":"web","ip6":"10.1.0.7"}"#, #""10.1.0.7" is no address of IPv6"#),
            (#"{"container":"web","mac":"1"}"#, #"mac: "1" is no hardware address"#),
            (#"{"container":"web","alias":"-"}"#, #"alias: "-" is no name of a machine"#),
        ] { #expect(Self.message { _ = try read(body) } == expected) }
    }

    @Test("a network is told with the containers on it, and the ports of those that run")
    func document() throws {
        var network = NetworkRecord(
            id: "0f8fad5b-d9cb-469f-a165-70867728950e", name: "blue",
            ranges: [
                NetworkRecord.Range(subnet: try #require(IPSubnet("10.1.0.0/24")), gateway: IPAddress("10.1.0.1")),
                NetworkRecord.Range(subnet: try #require(IPSubnet("fd00:1::/64")), gateway: nil),
            ], device: "cfs-0f8fad5b", createdAt: 0)
        network.mtu = 1400
        func member(_ name: String, _ state: ContainerRecord.State) throws -> NetworkMember {
            var record = ContainerRecord(
                id: try #require(ContainerID("00000000-0000-4000-8000-000000000001")), name: name, image: "BusyBox",
                imageDigest: "", command: [], labels: [:], state: state, createdAt: 1, startedAt: nil, finishedAt: nil,
                autoRemove: false, idBase: nil)
            record.ports = [
                PortMapping(hostAddress: IPAddress("127.0.0.1"), hostPort: 8080, container: ContainerPort(80)),
                PortMapping(hostAddress: nil, hostPort: 53, container: ContainerPort(5353, .udp)),
                PortMapping(hostAddress: nil, hostPort: nil, container: ContainerPort(1)),
            ]
            return NetworkMember(
                container: record, addresses: [try #require(IPAddress("10.1.0.2"))],
                hardwareAddress: [2, 0, 0, 0, 0, 1])
        }
        let told = NetworkDocument.json(
            network, [try member("web", .running(pid: 7)), try member("old", .exited(status: 0, reason: nil))])
        let subnets: JSON = [["subnet": "10.1.0.0/24", "gateway": "10.1.0.1"], ["subnet": "fd00:1::/64"]]
        #expect(told["name"] == "blue" && told["driver"] == "bridge" && told["internal"] == false)
        #expect(told["mtu"] == 1400 && told["subnets"] == subnets && told["device"] == "cfs-0f8fad5b")
        let web: JSON = [
            "id": "00000000-0000-4000-8000-000000000001", "name": "web", "status": "running",
            "addresses": ["10.1.0.2"], "hardwareAddress": "02:00:00:00:00:01",
            "ports": [
                ["hostPort": 8080, "port": 80, "transport": "tcp", "hostAddress": "127.0.0.1"],
                ["hostPort": 53, "port": 5353, "transport": "udp"],
            ],
        ]
        let containers = try #require(told["containers"]?.array)
        #expect(containers.count == 2 && containers[0] == web)
        #expect(containers[1]["status"] == "exited" && containers[1]["ports"] == .array([]))
    }
}
