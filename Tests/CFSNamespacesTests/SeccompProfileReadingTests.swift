import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("Reading a seccomp object of an OCI configuration")
struct SeccompProfileReadingTests {
    private static func read(_ text: String) throws(CFSError) -> SeccompProfile {
        try SeccompProfile(json: JSON(parsing: Array(text.utf8), what: "profile"))
    }

    @Test("every field arrives")
    func whole() throws {
        let profile = try Self.read(
            """
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
             "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
             "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"],
             "syscalls": [
               {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
               {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97,
                "args": [{"index": 5, "value": 18446744073709551615, "valueTwo": 16, "op": "SCMP_CMP_MASKED_EQ"}]},
               {"names": ["ptrace"], "action": "SCMP_ACT_TRACE", "errnoRet": 65535}]}
            """)
        #expect(
            profile
                == SeccompProfile(
                    defaultAction: .errno(38), architectures: [.x86x64, .x86],
                    flags: [.log, .allowSpeculation, .synchronizeThreads],
                    rules: [
                        .init(["read", "write"], .allow),
                        .init(["socket"], .errno(97), [.init(5, .maskedEqual, UInt64.max, 16)]),
                        .init(["ptrace"], .trace(65535)),
                    ]))
    }

    @Test("a profile needs nothing but its default, and the error number is EPERM unless said otherwise")
    func smallest() throws {
        #expect(try Self.read(#"{"defaultAction": "SCMP_ACT_ALLOW"}"#).rules.isEmpty)
        #expect(try Self.read(#"{"defaultAction": "SCMP_ACT_ERRNO"}"#).defaultAction == .errno(1))
        #expect(try Self.read(#"{"defaultAction": "SCMP_ACT_KILL", "syscalls": null}"#).defaultAction == .killThread)
    }

    @Test("what is read and written again is the same, and always the same text")
    func roundTrip() throws {
        let text =
            #"{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"architectures":["SCMP_ARCH_ARM"],"syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":1,"valueTwo":0,"op":"SCMP_CMP_GE"}]}]}"#
        #expect(try Self.read(text).json.text() == text)
    }

    @Test(
        "what is not enforced or not known is an error that names the field",
        arguments: [
            ("{}", "seccomp.defaultAction"),
            (#"{"defaultAction": "SCMP_ACT_NO"}"#, "seccomp.defaultAction"),
            (#"{"defaultAction": "SCMP_ACT_NOTIFY"}"#, "seccomp.defaultAction"),
            (#"{"defaultAction": 5}"#, "seccomp.defaultAction"),
            (#"{"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1}"#, "seccomp.defaultErrnoRet"),
            (#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4095}"#, "seccomp.defaultErrnoRet"),
            (#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": -1}"#, "seccomp.defaultErrnoRet"),
            (#"{"defaultAction": "SCMP_ACT_TRACE", "defaultErrnoRet": 65536}"#, "seccomp.defaultErrnoRet"),
            (#"{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": 1}"#, "seccomp.listenerPath"),
            (#"{"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": ""}"#, "seccomp.listenerMetadata"),
            (#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["x86"]}"#, "seccomp.architectures[0]"),
            (#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": "SCMP_ARCH_X86"}"#, "seccomp.architectures"),
            (
                #"{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}"#,
                "seccomp.flags[0]"
            ),
            (#"{"defaultAction": "SCMP_ACT_ALLOW", "sysCalls": []}"#, "seccomp.sysCalls"),
            (#"{"defaultAction": "SCMP_ACT_ALLOW", "archMap": []}"#, "seccomp.archMap"),
            (#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}"#, "seccomp.syscalls"),
            ("[]", "seccomp"),
        ])
    func faults(text: String, field: String) {
        Self.expectFault(text, field)
    }

    @Test(
        "in a rule too",
        arguments: [
            (#"{"action": "SCMP_ACT_ALLOW"}"#, "names"), (#"{"names": [], "action": "SCMP_ACT_ALLOW"}"#, "names"),
            (#"{"names": ["a", ""], "action": "SCMP_ACT_ALLOW"}"#, "names"),
            (#"{"names": ["a", 1], "action": "SCMP_ACT_ALLOW"}"#, "names"), (#"{"names": ["a"]}"#, "action"),
            (#"{"names": ["a"], "action": "ALLOW"}"#, "action"),
            (#"{"names": ["a"], "action": "SCMP_ACT_NOTIFY", "errnoRet": 1}"#, "errnoRet"),
            (#"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "errnoRet": 1}"#, "errnoRet"),
            (#"{"names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5000}"#, "errnoRet"),
            (#"{"name": "a", "names": ["b"], "action": "SCMP_ACT_ALLOW"}"#, "name"),
            (#"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "includes": {}}"#, "includes"),
            (#"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "comment": ""}"#, "comment"),
            (#"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": {}}"#, "args"),
            (#"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [1]}"#, "args[0]"),
            (
                #"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}"#,
                "args[0].index"
            ),
            (
                #"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"value": 1, "op": "SCMP_CMP_EQ"}]}"#,
                "args[0].index"
            ),
            (
                #"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "op": "SCMP_CMP_EQ"}]}"#,
                "args[0].value"
            ),
            (
                #"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": -1, "op": "SCMP_CMP_EQ"}]}"#,
                "args[0].value"
            ),
            (
                #"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 1, "op": "EQ"}]}"#,
                "args[0].op"
            ),
            (#"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 1}]}"#, "args[0].op"),
            (
                #"{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_EQ", "x": 1}]}"#,
                "args[0].x"
            ),
        ])
    func ruleFaults(rule: String, field: String) {
        let good = #"{"names": ["read"], "action": "SCMP_ACT_ALLOW"}"#
        Self.expectFault(
            #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\#(good), \#(rule)]}"#, "seccomp.syscalls[1].\(field)")
    }

    private static func notifying(
        _ members: String = "", _ rules: String = "", default action: String = "ALLOW"
    ) -> String {
        #"{"defaultAction": "SCMP_ACT_\#(action)", \#(members)"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}"#
            + #"\#(rules)]}"#
    }

    @Test("a rule that asks comes with who listens")
    func listener() throws {
        let text = Self.notifying(#""listenerPath": "/run/agent", "listenerMetadata": "x", "#)
        let profile = try Self.read(text)
        #expect(profile.notifies && profile.rules == [.init(["mkdir"], .notify)])
        #expect(profile.listener == .init(path: "/run/agent", metadata: "x"))
        #expect(try Self.read(profile.json.text()) == profile)
        #expect(try Self.read(Self.notifying(#""listenerPath": "/run/agent", "#)).listener?.metadata == nil)
    }

    @Test("a listener that no rule needs is ignored")
    func idleListener() throws {
        let profile = try Self.read(
            #"{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "x", "listenerMetadata": "y"}"#)
        #expect(profile.listener == nil && !profile.notifies)
    }

    @Test(
        "a listener that cannot be reached is an error that names the field",
        arguments: [
            ("", "", "seccomp.listenerPath"), (#""listenerPath": "", "#, "", "seccomp.listenerPath"),
            (#""listenerPath": "agent", "#, "", "seccomp.listenerPath"),
            (#""listenerPath": "@agent", "#, "", "seccomp.listenerPath"),
            (#""listenerPath": "/\#(String(repeating: "a", count: 107))", "#, "", "seccomp.listenerPath"),
            (#""listenerMetadata": "x", "#, "", "seccomp.listenerMetadata"),
            (
                #""listenerPath": "/a", "#, #", {"names": ["write", "sendmsg"], "action": "SCMP_ACT_NOTIFY"}"#,
                "seccomp.syscalls"
            ),
            (
                #""listenerPath": "/a", "#,
                #", {"names": ["sendmsg"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}"#,
                "seccomp.syscalls"
            ),
        ])
    func listenerFaults(members: String, rules: String, field: String) {
        Self.expectFault(Self.notifying(members, rules), field)
    }

    @Test("where the default refuses, the call that the descriptor leaves by must be allowed without conditions")
    func wayOut() throws {
        let path = #""listenerPath": "/a", "#
        let condition = #", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]"#
        func rule(_ more: String) -> String { #", {"names": ["sendmsg"], "action": "SCMP_ACT_ALLOW"\#(more)}"# }
        Self.expectFault(Self.notifying(path, default: "ERRNO"), "seccomp.syscalls")
        Self.expectFault(Self.notifying(path, rule(condition), default: "ERRNO"), "seccomp.syscalls")
        #expect(try Self.read(Self.notifying(path, rule(""), default: "ERRNO")).listener != nil)
    }

    private static func expectFault(_ text: String, _ field: String) {
        let error = #expect(throws: CFSError.self) { try read(text) }
        #expect(error?.code == .invalidConfiguration)
        let message = error?.message ?? ""
        let isNamed = message.hasPrefix("\(field) ")
        #expect(isNamed, "\(message)")
    }

    @Test("a word that is nearly right is answered with the right one")
    func hint() {
        let error = #expect(throws: CFSError.self) { try Self.read(#"{"defaultAction": "SCMP_ACT_ALOW"}"#) }
        #expect(error?.hint?.contains("SCMP_ACT_ALLOW") == true)
    }
}
