import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("Capabilities")
struct CapabilityTests {
    @Test("a name is read with or without CAP_, in any case")
    func parses() throws {
        for text in ["NET_ADMIN", "net_admin", "CAP_NET_ADMIN", "cap_net_admin"] {
            #expect(try Capability.parse(text) == 1 << 12)
        }
        #expect(try Capability.parse("CHOWN") == 1)
        #expect(try Capability.parse("CHECKPOINT_RESTORE") == 1 << 40)
        #expect(try Capability.parse("all") == (1 << 41) - 1)
    }

    @Test(
        "an unknown name is refused, with those that are like it",
        arguments: ["", "CAP_", "CAP_CAP_CHOWN", "NET_ADMN", "12", "ALL "])
    func refuses(text: String) {
        let error = #expect(throws: CFSError.self) { try Capability.parse(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.hint != nil)
        if text == "NET_ADMN" { #expect(error?.hint?.contains("NET_ADMIN") == true) }
    }

    @Test("a container's root has eleven capabilities, and none that reaches the machine")
    func defaults() {
        #expect(
            Capability.names(of: Capability.defaults) == [
                "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
                "CAP_SETPCAP",
                "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_SETFCAP",
            ])
    }

    @Test("names and numbers are those of the kernel")
    func numbers() {
        // linux/capability.h
        for (name, number) in [
            ("SETPCAP", 8), ("SYS_MODULE", 16), ("SYS_ADMIN", 21), ("MKNOD", 27), ("SETFCAP", 31), ("PERFMON", 38),
        ] {
            #expect(Capability.bit(name) == 1 << UInt64(number))
        }
        #expect(Capability.bit("NOTHING") == 0)
        #expect(Capability.names(of: Capability.all).count == 41)
        #expect(Capability.names(of: 0).isEmpty)
    }

    @Test("what is added and dropped changes the defaults")
    func changes() throws {
        #expect(try Capability.set(adding: [], dropping: []) == Capability.defaults)
        #expect(try Capability.set(adding: ["NET_RAW"], dropping: ["CHOWN"]) == (Capability.defaults | 1 << 13) & ~1)
        #expect(try Capability.set(adding: ["KILL"], dropping: ["ALL"]) == 1 << 5)
        #expect(try Capability.set(adding: ["CHOWN"], dropping: ["CHOWN"]) == Capability.defaults)
    }

    @Test("all but one is all but that one")
    func allBut() throws {
        #expect(
            try Capability.set(adding: ["ALL"], dropping: ["SYS_ADMIN"]) == Capability.all & ~Capability.bit(
                "SYS_ADMIN"))
        #expect(try Capability.set(adding: ["ALL"], dropping: []) == Capability.all)
        #expect(try Capability.set(adding: ["ALL"], dropping: ["ALL"]) == Capability.all)
        #expect(try Capability.set(adding: [], dropping: ["ALL"]) == 0)
    }

    @Test("a wrong name anywhere is an error, also where it would change nothing")
    func wrongNames() {
        #expect(throws: CFSError.self) { try Capability.set(adding: ["ALL", "X"], dropping: []) }
        #expect(throws: CFSError.self) { try Capability.set(adding: [], dropping: ["ALL", "X"]) }
    }

    @Test("the five sets of a configuration stay apart, and are empty unless said")
    func sets() throws {
        var names = RuntimeSpec.Capabilities()
        #expect(try CapabilitySets(names) == CapabilitySets())
        (names.bounding, names.effective, names.permitted) = (["CAP_CHOWN", "CAP_KILL"], ["CAP_KILL"], ["CAP_CHOWN"])
        (names.inheritable, names.ambient) = (["CAP_FOWNER"], ["CAP_FSETID"])
        let sets = try CapabilitySets(names)
        #expect((sets.bounding, sets.effective, sets.permitted) == (0x21, 0x20, 0x1))
        #expect((sets.inheritable, sets.ambient) == (0x8, 0x10))
        names.ambient = ["CAP_NOTHING"]
        #expect(throws: CFSError.self) { try CapabilitySets(names) }
    }
}
