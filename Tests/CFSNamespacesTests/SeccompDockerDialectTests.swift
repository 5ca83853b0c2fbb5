import CFSLinux
import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("Profiles in Docker's form")
struct SeccompDockerDialectTests {
    private static func read(
        _ text: String, _ capabilities: UInt64 = 0, kernel: String = "6.1"
    ) throws -> SeccompProfile {
        try SeccompProfile(
            json: JSON(parsing: Array(text.utf8), what: "profile"), capabilities: capabilities,
            kernel: KernelVersion(kernel)!)
    }

    private static func applies(
        _ filter: String, _ capabilities: UInt64 = 0, kernel: String = "6.1"
    ) throws -> Bool {
        let rule = #"{"names": ["read"], "action": "SCMP_ACT_ALLOW", \#(filter)}"#
        return try !read(#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\#(rule)]}"#, capabilities, kernel: kernel)
            .rules.isEmpty
    }

    @Test("a rule for a capability is there when the container has it")
    func capabilities() throws {
        let filter = #""includes": {"caps": ["CAP_SYS_ADMIN", "CAP_BPF"]}, "excludes": {}"#
        #expect(try !Self.applies(filter))
        #expect(try !Self.applies(filter, Capability.bit("SYS_ADMIN")))
        #expect(try Self.applies(filter, Capability.bit("SYS_ADMIN") | Capability.bit("BPF")))
    }

    @Test("a rule that excludes capabilities is gone when the container has any of them")
    func excluded() throws {
        let filter = #""excludes": {"caps": ["CAP_SYS_ADMIN", "CAP_BPF"]}, "includes": null"#
        #expect(try Self.applies(filter))
        #expect(try !Self.applies(filter, Capability.bit("BPF")))
    }

    @Test("a rule for another architecture is not for this one")
    func architectures() throws {
        let own = SeccompArchitecture.nativeDockerName
        #expect(try Self.applies(#""includes": {"arches": ["s390x", "\#(own)"]}"#))
        #expect(try !Self.applies(#""includes": {"arches": ["s390x"]}"#))
        #expect(try !Self.applies(#""excludes": {"arches": ["\#(own)"]}"#))
        #expect(try Self.applies(#""excludes": {"arches": ["s390x"]}"#))
    }

    @Test("a rule may wait for a kernel")
    func kernels() throws {
        #expect(try Self.applies(#""includes": {"minKernel": "4.8"}"#, kernel: "4.19"))
        #expect(try !Self.applies(#""includes": {"minKernel": "4.8"}"#, kernel: "4.7"))
        #expect(try !Self.applies(#""excludes": {"minKernel": "4.8"}"#, kernel: "4.8"))
    }

    @Test("all that an inclusion names must hold, at once with the exclusion")
    func together() throws {
        let filter = #""includes": {"caps": ["CAP_BPF"], "minKernel": "5.8"}, "excludes": {"caps": ["CAP_SYS_ADMIN"]}"#
        #expect(try Self.applies(filter, Capability.bit("BPF")))
        #expect(try !Self.applies(filter, Capability.bit("BPF"), kernel: "5.4"))
        #expect(try !Self.applies(filter, Capability.bit("BPF") | Capability.bit("SYS_ADMIN")))
    }

    @Test("a rule may have one name and a comment")
    func name() throws {
        let rule =
            #"{"name": "read", "action": "SCMP_ACT_ALLOW", "args": [], "comment": "why", "includes": {}, "excludes": {}}"#
        let profile = try Self.read(#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\#(rule)]}"#)
        #expect(profile.rules == [.init(["read"], .allow)])
    }

    #if arch(x86_64)
    @Test("of the map of architectures this machine's entry counts, with those below it")
    func map() throws {
        let profile = try Self.read(
            """
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "archMap": [
              {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
              {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}]}
            """)
        #expect(profile.architectures == [.x86x64, .x86, .x32])
    }
    #endif

    @Test("the plain OCI form is understood too")
    func plain() throws {
        #expect(
            try Self.read(#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"]}"#).architectures
                == [.x86])
    }

    @Test(
        "a fault is named by its field",
        arguments: [
            (#""includes": {"caps": ["CAP_NONE"]}"#, "seccomp.syscalls[0].includes.caps"),
            (#""excludes": {"minKernel": "new"}"#, "seccomp.syscalls[0].excludes.minKernel"),
            (#""includes": {"kernel": "4.8"}"#, "seccomp.syscalls[0].includes.kernel"),
            (#""includes": []"#, "seccomp.syscalls[0].includes"), (#""name": "write""#, "seccomp.syscalls[0].name"),
        ])
    func faults(filter: String, field: String) {
        let error = #expect(throws: CFSError.self) { try Self.applies(filter) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix("\(field) ") == true)
    }

    @Test(
        "a map that is none is a fault",
        arguments: [
            (#"{"x": 1}"#, "seccomp.archMap must"),
            (#"[{"architecture": "amd64"}]"#, "seccomp.archMap[0].architecture[0] "),
            (
                #"[{"architecture": "SCMP_ARCH_ARM", "subArchitectures": ["q"]}]"#,
                "seccomp.archMap[0].subArchitectures[0] "
            ),
            (#"[{"architecture": "SCMP_ARCH_ARM", "sub": []}]"#, "seccomp.archMap[0].sub "),
        ])
    func mapFaults(map: String, message: String) {
        let error = #expect(throws: CFSError.self) {
            try Self.read(#"{"defaultAction": "SCMP_ACT_ALLOW", "archMap": \#(map)}"#)
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix(message) == true)
    }

    @Test("nobody listens for the engine's own containers, and the profile says where it asks for that")
    func listener() {
        let whole = [
            (#""listenerPath": "/a""#, "seccomp.listenerPath"),
            (#""listenerMetadata": "x""#, "seccomp.listenerMetadata"),
            (#""syscalls": [{"names": ["a"], "action": "SCMP_ACT_NOTIFY"}]"#, "seccomp.syscalls[0].action"),
        ]
        for (member, field) in whole {
            let error = #expect(throws: CFSError.self) {
                try Self.read(#"{"defaultAction": "SCMP_ACT_ALLOW", \#(member)}"#)
            }
            let message = error?.message ?? ""
            #expect(message.hasPrefix("\(field) ") && message.contains("no seccomp agent"), "\(message)")
        }
    }

    @Test("a map beside a list of architectures contradicts it")
    func both() {
        let error = #expect(throws: CFSError.self) {
            try Self.read(#"{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [], "architectures": ["SCMP_ARCH_X86"]}"#)
        }
        #expect(error?.message.hasPrefix("seccomp.archMap ") == true)
    }
}
