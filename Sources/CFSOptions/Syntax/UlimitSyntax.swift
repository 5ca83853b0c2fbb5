import CFSCore
import CFSNamespaces

/// Reads `--ulimit`: `nofile=1024`, `nofile=1024:4096`, `core=-1`, `memlock=unlimited`.
package enum UlimitSyntax {
    /// - Throws: `.invalidArgument` for an unknown name, a wrong number, or a soft limit above the hard one.
    package static func limit(_ text: String) throws(CFSError) -> ResourceLimit {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { throw wrong(text) }
        let name = parts[0].lowercased()
        _ = try ResourceLimitNames.number(name)
        let values = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(values.count) else { throw wrong(text) }
        let soft = try number(values[0], text)
        let hard = values.count == 2 ? try number(values[1], text) : soft
        guard (soft ?? .max) <= (hard ?? .max) else {
            throw CFSError(
                .invalidArgument, .parsing, "the soft limit of \(name) is above its hard limit: \(text)",
                hint: "write the smaller number first: \(name)=\(values[1]):\(values[0])")
        }
        return ResourceLimit(name: name, soft: soft, hard: hard)
    }

    /// Nil is unlimited.
    private static func number(_ value: Substring, _ text: String) throws(CFSError) -> UInt64? {
        if value == "-1" || value == "unlimited" { return nil }
        guard value.first != "+", let number = UInt64(value) else { throw wrong(text) }
        return number
    }

    private static func wrong(_ text: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "\"\(text)\" is not a limit",
            hint: "write name=soft or name=soft:hard, -1 for unlimited: nofile=1024:4096")
    }
}
