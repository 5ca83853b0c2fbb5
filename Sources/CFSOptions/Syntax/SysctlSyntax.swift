import CFSCore

/// Reads `--sysctl`: `net.core.somaxconn=512`. Which names a container may have, the launch decides.
package enum SysctlSyntax {
    package static func setting(_ text: String) throws(CFSError) -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a kernel parameter with its value",
                hint: "write name=value: net.core.somaxconn=512")
        }
        return (parts[0], parts[1])
    }
}
