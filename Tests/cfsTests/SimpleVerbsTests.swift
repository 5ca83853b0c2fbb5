import CFSCore
import OptionsSupport
import Testing

@testable import cfs

@Suite("port, wait, and the lists of completions")
struct SimpleVerbsTests {
    @Test("a port has a number and a protocol")
    func ports() throws {
        #expect(try PortCommand.port("80").description == "80/tcp")
        #expect(try PortCommand.port("53/UDP").description == "53/udp")
        for text in ["", "0", "65536", "-1", "+80", "80/", "80/icmp", "http", "80/tcp/x"] {
            #expect(
                failure { () throws(CFSError) in try PortCommand.port(text) }?.message == "\"\(text)\" is not a port")
        }
    }

    @Test("who asks for a port by the wrong protocol is told the one that leads there")
    func otherProtocol() throws {
        var record = ContainerRecord(
            id: ContainerID(), name: "web", image: "BusyBox", imageDigest: "sha256:ab", command: ["sh"], labels: [:],
            state: .running(pid: 7), createdAt: 1, startedAt: 1, finishedAt: nil, autoRemove: false, idBase: nil)
        let inside = [ContainerPort(90, .udp), ContainerPort(91), ContainerPort(92, .udp), ContainerPort(92, .sctp)]
        // One for each family, as of a container that runs.
        record.ports = inside.flatMap { port in
            [IPAddress.unspecified(.ipv4), .unspecified(.ipv6)].map {
                PortMapping(hostAddress: $0, hostPort: 8000 + port.port, container: port)
            }
        }
        func error(_ port: String) throws(CFSError) -> CFSError {
            PortCommand.notPublished(try PortCommand.port(port), record)
        }
        let (udp, both, none) = (try error("90"), try error("92"), try error("93"))
        #expect(udp.message == "no public port \"90/tcp\" is published for web")
        #expect(udp.hint == "90/udp is published: cfs port web 90/udp")
        #expect(both.hint == "92/sctp and 92/udp are published: cfs port web 92/sctp")
        #expect(none.hint == "publish one with cfs run -p 93/tcp")
        record.state = .exited(status: 0, reason: nil)
        record.ports = []
        let ended = try error("90")
        #expect(ended.hint == "ports are published while the container runs")
    }

    @Test("wait knows two conditions")
    func conditions() throws {
        #expect(try WaitCommand.condition(nil) == .notRunning && WaitCommand.condition("not-running") == .notRunning)
        #expect(try WaitCommand.condition("removed") == .removed)
        #expect(
            failure { () throws(CFSError) in try WaitCommand.condition("healthy") }?.hint?.contains("removed") == true)
    }

    @Test("a completion asks the engine of the half-typed line")
    func engine() throws {
        #expect(try Completions.engine(["cfs", "--root", "/a", "stop", "--run=/b", ""]).options.root == "/a")
        #expect(try Completions.engine(["cfs", "--root", "/a", "stop", "--run=/b", ""]).options.run == "/b")
        #expect(try Completions.engine(["cfs", "stop", "--root"]).options.root == EngineOptions().root)
    }

    @Test("a verb below container is the verb at the top")
    func group() throws {
        for type in RootCommand.containerVerbs where type != PsCommand.self {
            let name = type._commandName
            guard case .verb(let found, let words, _) = try Invocation(["container", name, "x"]) else {
                Issue.record("\(name)")
                continue
            }
            #expect(ObjectIdentifier(found) == ObjectIdentifier(type) && words == "container \(name)")
        }
        for name in ["ls", "list", "ps"] {
            guard case .verb(let found, _, _) = try Invocation(["container", name]) else {
                Issue.record("\(name)")
                continue
            }
            #expect(ObjectIdentifier(found) == ObjectIdentifier(ContainerLsCommand.self))
        }
        for name in ["images", "info", "version", "doctor", "container"] {
            #expect(failure { () throws(CFSError) in try Invocation(["container", name]) } != nil, "\(name)")
        }
    }
}
