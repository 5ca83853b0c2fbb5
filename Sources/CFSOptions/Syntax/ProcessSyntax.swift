import CFSCore
import CFSLinux

/// Reads the options of a process that are one word each.
package enum ProcessSyntax {
    package static func workingDirectory(_ text: String?) throws(CFSError) -> String? {
        guard let text else { return nil }
        guard text.isAbsolutePath else {
            throw CFSError(
                .invalidArgument, .parsing, "the working directory \"\(text)\" is not an absolute path",
                hint: "write the path inside the container from its root: -w /\(text)")
        }
        try PathLength.check(text, "--workdir:")
        return text
    }

    package static func user(_ text: String?) throws(CFSError) -> String? {
        guard let text else { return nil }
        guard !text.isEmpty, !text.hasPrefix(":"), text.filter({ $0 == ":" }).count <= 1 else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a user", hint: "write user, uid, user:group or uid:gid")
        }
        return text
    }

    /// A group by name or number; no name of group(5) has a colon or a comma.
    package static func group(_ text: String) throws(CFSError) -> String {
        guard !text.isEmpty, !text.utf8.contains(where: { [0x3a, 0x2c, 0x0a].contains($0) }) else {
            throw CFSError(
                .invalidArgument, .parsing, "--group-add does not take \"\(text)\"",
                hint: "write the name or the number of one group; the option can be given several times")
        }
        return text
    }

    /// Seconds, as `--time` of `stop` takes them.
    package static func stopTimeout(_ text: String) throws(CFSError) -> Int {
        guard let number = LimitSyntax.digits(text), let seconds = Int(exactly: number),
            ContainerSpec.stopTimeouts.contains(seconds)
        else { throw LimitSyntax.wrong("--stop-timeout", text, "write seconds, 0 to 86400") }
        return seconds
    }

    /// An octal mask, 0 to 0777.
    package static func umask(_ text: String) throws(CFSError) -> UInt32 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }), let mask = UInt32(text, radix: 8),
            mask <= 0o777
        else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a file mode creation mask",
                hint: "write an octal number from 0 to 0777: --umask 027")
        }
        return mask
    }

    package static func oomScore(_ text: String) throws(CFSError) -> Int {
        guard let score = Int(text), (-1000...1000).contains(score) else {
            throw CFSError(
                .invalidArgument, .parsing, "--oom-score-adj does not take \"\(text)\"",
                hint: "write a number from -1000 to 1000")
        }
        return score
    }
}
