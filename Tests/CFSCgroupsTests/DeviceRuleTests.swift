import CFSCgroups
import CFSModel
import Testing

@Suite("Rules for devices")
struct DeviceRuleTests {
    @Test(
        "a rule is read as people write it",
        arguments: [
            ("c 1:3 rwm", DeviceRule(true, .characters, 1, 3)), ("b 8:* r", DeviceRule(true, .blocks, 8, nil, .read)),
            ("a *:* rwm", DeviceRule(true, .all)),
            ("c *:5 mw", DeviceRule(true, .characters, nil, 5, [.mknod, .write])),
        ])
    func reading(text: String, rule: DeviceRule) throws {
        #expect(try DeviceRule(text) == rule)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "c", "c 1:3", "c 1:3 x", "d 1:3 r", "c 1 r", "c 1:3:4 r", "c -1:3 r", "c 4096:0 r", "c 1:1048576 r",
            "c 1:+3 r", "c 1:3 r w", "c : r",
        ])
    func refusal(text: String) {
        let error = #expect(throws: CFSError.self) { try DeviceRule(text) }
        #expect(error?.message == "\"\(text)\" is not a rule for devices")
    }

    @Test(
        "a rule of a configuration that cannot be is refused, with what can",
        arguments: [
            (RuntimeSpec.DeviceRule(allow: true, type: "x"), "linux.resources.devices has the type \"x\": a, c and b"),
            (RuntimeSpec.DeviceRule(allow: true, access: "rx"), "linux.resources.devices has the access \"rx\""),
            (
                RuntimeSpec.DeviceRule(allow: true, major: -2),
                "linux.resources.devices has the major number -2: 0 to 4095"
            ),
            (
                RuntimeSpec.DeviceRule(allow: true, minor: 1 << 20),
                "linux.resources.devices has the minor number 1048576"
            ),
        ])
    func configuration(rule: RuntimeSpec.DeviceRule, message: String) {
        let error = #expect(throws: CFSError.self) {
            try written { $0.devices = [rule] }
        }
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }
}
