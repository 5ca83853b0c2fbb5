import CFSCore
import OptionsSupport
import Testing

@testable import cfs

@Suite("The list of containers")
struct ContainerListTests {
    private static let now: UInt64 = 1_795_508_770_000_000_000
    private static let minute: UInt64 = 60_000_000_000
    private static let id = ContainerID("0f8fad5b-d9cb-469f-a165-70867728950e")!

    private func record(
        _ state: ContainerRecord.State, command: [String] = ["sh"], startedAt: UInt64? = nil, finishedAt: UInt64? = nil
    ) -> ContainerRecord {
        ContainerRecord(
            id: Self.id, name: "web", image: "TinyCore", imageDigest: "sha256:ab", command: command, labels: ["a": "b"],
            state: state, createdAt: Self.now - 5 * Self.minute, startedAt: startedAt, finishedAt: finishedAt,
            autoRemove: false, idBase: nil)
    }

    private func list(_ records: ContainerRecord..., full: Bool = false) -> ContainerList {
        ContainerList(records, now: Self.now, isFull: full)
    }

    @Test("the table has Docker's columns")
    func table() {
        let running = record(.running(pid: 7), command: ["sleep", "100"], startedAt: Self.now - 3 * Self.minute)
        #expect(
            list(running).table == """
                CONTAINER ID   IMAGE      COMMAND       CREATED         STATUS         PORTS   NAMES
                0f8fad5b-d9c   TinyCore   "sleep 100"   5 minutes ago   Up 3 minutes           web

                """)
    }

    @Test("ports stand as Docker has them, and in JSON as numbers")
    func ports() throws {
        var running = record(.running(pid: 7), startedAt: Self.now)
        running.ports = [
            PortMapping(hostAddress: .unspecified(.ipv4), hostPort: 8080, container: ContainerPort(80)),
            PortMapping(hostAddress: .unspecified(.ipv6), hostPort: 8080, container: ContainerPort(80)),
            PortMapping(hostAddress: IPAddress("127.0.0.1"), hostPort: 53, container: ContainerPort(53, .udp)),
        ]
        let table = "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:53->53/udp   web"
        #expect(list(running).table.contains(table), "\(list(running).table)")
        let ports = try #require(list(running).json.array?.first?["Ports"])
        #expect(
            ports == [
                ["HostIP": "0.0.0.0", "HostPort": 8080, "ContainerPort": 80, "Protocol": "tcp"],
                ["HostIP": "::", "HostPort": 8080, "ContainerPort": 80, "Protocol": "tcp"],
                ["HostIP": "127.0.0.1", "HostPort": 53, "ContainerPort": 53, "Protocol": "udp"],
            ])
    }

    @Test("ports that follow one another are one range of each address and protocol, also where addresses take turns")
    func ranges() {
        var running = record(.running(pid: 7), startedAt: Self.now)
        func port(_ address: String, _ host: UInt16, _ inside: UInt16, _ transport: Transport = .tcp) -> PortMapping {
            PortMapping(hostAddress: IPAddress(address), hostPort: host, container: ContainerPort(inside, transport))
        }
        running.ports = [
            port("0.0.0.0", 8000, 9000), port("::", 8000, 9000), port("0.0.0.0", 8001, 9001), port("::", 8001, 9001),
            port("0.0.0.0", 8002, 80), port("0.0.0.0", 8003, 81, .udp), port("0.0.0.0", 65534, 82),
            port("0.0.0.0", 65535, 83),
        ]
        let table =
            "0.0.0.0:8000-8001->9000-9001/tcp, [::]:8000-8001->9000-9001/tcp, 0.0.0.0:8002->80/tcp, "
            + "0.0.0.0:8003->81/udp, 0.0.0.0:65534-65535->82-83/tcp   web"
        #expect(list(running).table.contains(table), "\(list(running).table)")
    }

    @Test("a long command is cut, unless nothing may be")
    func long() {
        let running = record(.created, command: ["sh", "-c", "while true; do date; sleep 1; done"])
        #expect(list(running).table.contains("\"sh -c while true; d…\""))
        #expect(list(running, full: true).table.contains("\"sh -c while true; do date; sleep 1; done\""))
        #expect(list(running, full: true).table.contains(Self.id.text))
    }

    @Test("a command stands in quotes as Docker writes it: those within it are escaped")
    func quotes() {
        let running = record(.created, command: ["sh", "-c", "exit 7"])
        #expect(list(running).table.contains("\"sh -c exit 7\""))
        let quoted = record(.created, command: ["sh", "-c", "a \"b\" \\c\n"])
        #expect(list(quoted, full: true).table.contains(#""sh -c a \"b\" \\c\n""#))
        // Cut first, as Docker does: an escape is never halved.
        let cut = record(.created, command: ["echo", "0123456789 ", "\"\"\"\""])
        #expect(list(cut).table.contains(#""echo 0123456789  \"\"…""#), "\(list(cut).table)")
    }

    @Test("the status says what happened, and when")
    func status() {
        let list = list()
        #expect(list.status(record(.created)) == "Created")
        #expect(list.status(record(.running(pid: 7), startedAt: Self.now)) == "Up Less than a second")
        #expect(list.status(record(.exited(status: 137, reason: "monitor lost"))) == "Exited (137) (monitor lost)")
        let exited = record(.exited(status: 137, reason: nil), finishedAt: Self.now - 120 * Self.minute)
        #expect(list.status(exited) == "Exited (137) 2 hours ago")
        var waiting = exited
        waiting.restartsAt = Self.now
        #expect(list.status(waiting) == "Restarting (137) 2 hours ago")
        #expect(list.status(record(.exited(status: 255, reason: "its exit record is damaged"))) == "Exited (255)")
        #expect(list.status(record(.exited(status: 1, reason: nil))) == "Exited (1)")
    }

    @Test("an id alone stands on each line")
    func ids() {
        #expect(list(record(.created), record(.created)).ids == "0f8fad5b-d9c\n0f8fad5b-d9c\n")
        #expect(list(record(.created), full: true).ids == "\(Self.id.text)\n")
    }

    @Test("the JSON has Docker's names, and whole values")
    func json() throws {
        let exited = record(
            .exited(status: 1, reason: "why"), command: ["sh", "-c", "x y"], startedAt: Self.now - Self.minute,
            finishedAt: Self.now)
        let object = try #require(list(exited).json.array?.first)
        let expected: JSON = [
            "ID": .string(Self.id.text), "Names": "web", "Image": "TinyCore", "ImageID": "sha256:ab",
            "Command": ["sh", "-c", "x y"], "CreatedAt": "2026-11-24T08:21:10.000000000Z", "State": "exited",
            "Status": "Exited (1) Less than a second ago", "Labels": ["a": "b"],
            "Ports": [], "StartedAt": "2026-11-24T08:25:10.000000000Z", "FinishedAt": "2026-11-24T08:26:10.000000000Z",
            "ExitCode": 1,
            "Reason": "why",
        ]
        #expect(object == expected)
        let running = try #require(list(record(.running(pid: 7))).json.array?.first)
        #expect(running["Pid"] == 7 && running["State"] == "running" && running["ExitCode"] == nil)
        #expect(list().json == [])
    }

    @Test("a form that does not exist is named")
    func format() throws {
        #expect(try ListFormat(nil) == .table && ListFormat("json") == .json)
        let template = failure { () throws(CFSError) in try ListFormat("{{.ID}}") }
        #expect(template?.message == "unknown format \"{{.ID}}\"")
        #expect(
            template?.hint
                == "ps, images, network ls and every inspect take templates; here use --format json and jq")
    }
}
