import CFSModel
import CFSNamespaces
import Testing

@testable import CFSRuntime

@Suite("The features that the runtime tells of")
struct FeaturesTests {
    private let features = FeaturesCommand.document("1.0.0")

    @Test("every word that the features name is taken in a configuration")
    func words() throws {
        let linux = try #require(features.linux)
        for name in try #require(linux.namespaces) where name != "mount" {
            let maps =
                #""uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}], "#
                + #""gidMappings": [{"containerID": 0, "hostID": 1, "size": 1}], "#
            let value =
                "{\(name == "user" ? maps : "")\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"\(name)\"}]}"
            try check(value, at: "linux")
        }
        for name in try #require(linux.capabilities) { try check("[\"\(name)\"]", at: "process.capabilities.bounding") }
        let seccomp = try #require(linux.seccomp)
        for action in try #require(seccomp.actions) {
            let rule = "\"syscalls\": [{\"names\": [\"mkdir\"], \"action\": \"\(action)\"}]"
            try check(
                "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/a\", \(rule)}", at: "linux.seccomp")
        }
        for word in try #require(seccomp.operators) {
            let condition = "{\"index\": 0, \"value\": 1, \"op\": \"\(word)\"}"
            try check(
                "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"read\"], "
                    + "\"action\": \"SCMP_ACT_LOG\", \"args\": [\(condition)]}]}", at: "linux.seccomp")
        }
        for (key, words) in [("architectures", seccomp.archs), ("flags", seccomp.supportedFlags)] {
            for word in try #require(words) {
                try check("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"\(key)\": [\"\(word)\"]}", at: "linux.seccomp")
            }
        }
    }

    private func check(_ value: String, at member: String) throws {
        let configuration = try ConfigurationField.configuration(value, at: member)
        #expect(throws: Never.self, "\(member): \(value)") { try Enforcement.examine(configuration) }
    }

    @Test("switches that are off belong to fields that are refused, and those that are on to fields that are not")
    func switches() {
        func isRefused(_ path: String) -> Bool {
            ConfigurationField.all.first { $0.path == path }?.refusal != nil
        }
        #expect(features.linux?.intelRdt?.enabled == !isRefused("linux.intelRdt"))
        #expect(features.linux?.netDevices?.enabled == !isRefused("linux.netDevices"))
        #expect(features.linux?.selinux?.enabled == !isRefused("process.selinuxLabel"))
    }
}
