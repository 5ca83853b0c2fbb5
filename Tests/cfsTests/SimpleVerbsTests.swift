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
