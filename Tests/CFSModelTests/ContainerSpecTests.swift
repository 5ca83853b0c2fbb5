import CFSModel
import Testing

@Suite("What a caller asks for")
struct ContainerSpecTests {
    @Test("a choice of a namespace is private, host, a container's or a path's")
    func namespaces() throws {
        #expect(try NamespaceChoice("private", flag: "pid") == .private)
        #expect(try NamespaceChoice("host", flag: "pid") == .host)
        #expect(try NamespaceChoice("container:web", flag: "pid") == .container("web"))
        #expect(try NamespaceChoice("/proc/1/ns/net", flag: "network") == .path("/proc/1/ns/net"))
    }

    @Test(
        "another word is refused with the flag's name", arguments: ["", "Host", "container:", "none", "proc/1/ns/net"])
    func refuses(text: String) {
        let error = #expect(throws: CFSError.self) { try NamespaceChoice(text, flag: "pid") }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("--pid ") == true)
    }

    @Test("the window has a size only when both of its numbers are there")
    func window() {
        var spec = ContainerSpec(image: "x")
        #expect(spec.windowSize == nil)
        spec.windowSize = (24, 80)
        #expect(spec.windowSize?.rows == 24)
        #expect(spec.windowSize?.columns == 80)
        spec.windowSize = nil
        #expect(spec.windowSize == nil)
        #expect(spec == ContainerSpec(image: "x"))
    }

    @Test("nothing is private's opposite by default: every namespace is the container's own")
    func defaults() {
        let choices = NamespaceChoices()
        let all = [choices.pid, choices.network, choices.uts, choices.ipc, choices.user, choices.cgroup, choices.time]
        #expect(all.allSatisfy { $0 == .private })
        #expect(ContainerSpec(image: "x").seccomp == .default)
        #expect(!ContainerSpec(image: "x").privileged)
    }
}
