import CFSCore

/// Reads `--device-cgroup-rule`: `c 1:3 rwm`, `b 8:* r`.
package enum DeviceRuleSyntax {
    package static func rule(_ text: String) throws(CFSError) -> RuntimeSpec.DeviceRule {
        let rule: DeviceRule
        do throws(CFSError) {
            rule = try DeviceRule(text)
        } catch {
            throw LimitSyntax.wrong(
                "--device-cgroup-rule", text,
                "write type, numbers and access: \"c 1:3 rwm\", \"b 8:* r\", \"a *:* rwm\"")
        }
        let access: [(DeviceRule.Access, String)] = [(.read, "r"), (.write, "w"), (.mknod, "m")]
        return RuntimeSpec.DeviceRule(
            allow: true, type: letter(rule.kind), major: rule.major.map { Int64($0) },
            minor: rule.minor.map { Int64($0) },
            access: access.filter { rule.access.contains($0.0) }.map { $0.1 }.text(separator: ""))
    }

    private static func letter(_ kind: DeviceRule.Kind) -> String {
        switch kind {
        case .all: "a"
        case .characters: "c"
        case .blocks: "b"
        }
    }
}
