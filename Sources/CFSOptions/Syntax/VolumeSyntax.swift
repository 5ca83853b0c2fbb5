import CFSCore
import CFSLinux

/// Reads `-v`: `SOURCE:TARGET[:word,...]`.
package enum VolumeSyntax {
    /// - Throws: `.invalidArgument`; also for a bare name, which would be a named volume.
    package static func mount(_ text: String, _ caller: Caller) throws(CFSError) -> MountRequest {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a mount", path: nil,
                hint: "write source:target or source:target:ro; for an empty folder use --tmpfs")
        }
        var mount = MountRequest(kind: .bind(source: try source(parts[0], of: "--volume", caller)), target: parts[1])
        try MountWords.checkTarget(mount.target, in: text)
        guard parts.count == 3 else { return mount }
        var words = MountWords()
        for word in parts[2].split(separator: ",", omittingEmptySubsequences: false) {
            try words.apply(String(word), to: &mount, allowed: MountWords.forBind)
        }
        return mount
    }

    /// The absolute path of a source, which an option names.
    package static func source(_ text: String, of option: String, _ caller: Caller) throws(CFSError) -> String {
        guard text.hasPrefix(".") || text.hasSlash else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is the name of a volume, and named volumes do not exist yet",
                hint: "write a path of the host: ./\(text) or /srv/\(text)")
        }
        return try caller.absolute(text, of: option)
    }
}
