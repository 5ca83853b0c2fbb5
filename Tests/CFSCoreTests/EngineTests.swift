import CFSModel
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
