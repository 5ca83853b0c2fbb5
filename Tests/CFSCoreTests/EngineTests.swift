import CFSModel
import CFSMonitor
import TestSupport
import Testing

@testable import CFSCore

@Suite("The engine's own parts")
struct EngineTests {
    @Test(
        "a state folder must be absolute, and is written in one way",
        arguments: ["", "state", "./a", "/a/../b", "/a/../\u{301}b", "/a\nb"])
    func badFolders(_ path: String) {
        var options = EngineOptions()
        options.root = path
        #expect(throws: CFSError.self) { _ = try Engine(options) }
    }

    @Test("slashes and dots too many do not make another engine")
    func plainFolders() throws {
        var options = EngineOptions()
        options.root = "//var//lib/./cfs/"
        #expect(try Engine(options).options.root == "/var/lib/cfs")
    }

    @Test("names that are made up are names, and seldom the same")
    func names() {
        let names = Set((0..<200).map { _ in NameMaker.make(attempt: 1) })
        #expect(names.count > 190)
        #expect(names.allSatisfy { $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") } })
    }

    @Test("ranges of ids lie apart, and all of them below the ids that the kernel keeps")
    func ranges() {
        #expect(IDRanges.base(slot: 0) == 0x4000_0000)
        #expect(IDRanges.base(slot: 1) - IDRanges.base(slot: 0) == 65536)
        #expect(UInt64(IDRanges.base(slot: 16383)) + 65536 <= 0x8000_0000)
    }

    @Test("a private network knows its own name, and no resolver")
    func generatedFiles() throws {
        let own = GeneratedFiles(hostname: "box", sharesHostNetwork: false, hasPrivateNetwork: true)
        #expect(own.hosts.contains("127.0.1.1\tbox\n"))
        #expect(
            try !String(decoding: own.resolvers(), as: UTF8.self).split(separator: "\n").contains {
                $0.hasPrefix("nameserver")
            })
        #expect(
            !GeneratedFiles(hostname: "box", sharesHostNetwork: true, hasPrivateNetwork: false).hosts.contains("box"))
    }

    @Test("a container on a network has its names, and asks the engine's resolver")
    func networkFiles() throws {
        var network = NetworkRecord(
            id: "0f8fad5b-d9cb-469f-a165-70867728950e", name: "blue",
            ranges: [NetworkRecord.Range(subnet: IPSubnet("10.1.0.0/24")!, gateway: IPAddress("10.1.0.1"))],
            device: "cfs-0f8fad5b", createdAt: 1)
        var settings = NetworkSettings()
        settings.endpoints = [
            NetworkEndpoint(
                network: network, interface: "eth0", addresses: [IPAddress("10.1.0.7")!],
                hardwareAddress: [2, 0, 0, 0, 0, 7], names: [])
        ]
        settings.resolver.search = ["example.org"]
        settings.resolver.options = ["timeout:1"]
        settings.resolver.hosts = [
            ResolverChoices.HostEntry(name: "db", address: IPAddress("10.9.9.9")),
            ResolverChoices.HostEntry(name: "here", address: nil),
        ]
        func files() -> GeneratedFiles {
            GeneratedFiles(
                hostname: "box", sharesHostNetwork: false, hasPrivateNetwork: true, network: settings)
        }
        let lines = files().hosts.split(separator: "\n")
        #expect(lines.suffix(3) == ["10.1.0.7\tbox", "10.9.9.9\tdb", "10.1.0.1\there"])
        #expect(!files().hosts.contains("127.0.1.1"))
        let text = String(decoding: try files().resolvers(), as: UTF8.self)
        #expect(text == "nameserver 127.0.0.11\nsearch example.org\noptions ndots:0 timeout:1\n")
        // From an internal network the host is not reached.
        network.isInternal = true
        settings.endpoints[0].network = network
        #expect(!files().hosts.contains("here"))
    }

    @Test("the stop signal is the caller's, else the image's, and SIGTERM where the image writes nonsense")
    func stopSignal() throws {
        var spec = ContainerSpec(image: "sample")
        #expect(Engine.stopSignal(spec, try ContainerPlanTests.image { $0.stopSignal = "SIGQUIT" }) == 3)
        #expect(Engine.stopSignal(spec, try ContainerPlanTests.image { $0.stopSignal = "../../x" }) == 15)
        #expect(Engine.stopSignal(spec, try ContainerPlanTests.image()) == 15)
        spec.stopSignal = 10
        #expect(Engine.stopSignal(spec, try ContainerPlanTests.image { $0.stopSignal = "3" }) == 10)
    }

    @Test("what exec adds to the environment replaces what is there")
    func environment() {
        var list = EnvironmentList(["A=1", "B=2"])
        list.set("A=3")
        list.set("C")
        list.set("B")
        #expect(list.entries == ["A=3", "B", "C"])
    }
}
