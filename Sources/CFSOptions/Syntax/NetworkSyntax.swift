import CFSCore

/// Reads `--network`.
package enum NetworkSyntax {
    /// Reads `none` (a loopback interface and nothing else), `host`, `container:ID` or a path.
    package static func choice(_ text: String) throws(CFSError) -> NamespaceChoice {
        if text == "none" { return .private }
        do throws(CFSError) {
            return try NamespaceChoice(text, flag: "network")
        } catch {
            throw CFSError(
                .invalidArgument, .parsing, "there is no network \"\(text)\"",
                hint: "use none, host, container:ID or the path of a namespace")
        }
    }
}
