import CFSCore
import CFSLinux

/// The words behind a mount, as `-v`, `--mount` and `--tmpfs` share them: `ro`, `noexec`, `rslave`.
package struct MountWords {
    /// Words of one row exclude each other.
    private static let rows: [[String]] = [
        ["ro", "rw"], ["nosuid", "suid"], ["nodev", "dev"], ["noexec", "exec"], ["bind", "rbind"], ["idmap"],
        propagations,
    ]
    package static let propagations = [
        "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable",
    ]
    /// Those that mean something without a source too.
    package static let forTmpfs = ["ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec"]
    package static let forBind = rows.flatMap { $0 }

    /// What Docker knows and cfs has nothing for.
    private static let foreign = ["z", "Z", "U", "O", "cached", "delegated", "consistent", "copy", "nocopy"]

    private var seen: [String] = []

    /// Applies a word to a mount.
    ///
    /// - Throws: `.invalidArgument` for a word that is not among `allowed`, or that contradicts an earlier one.
    package mutating func apply(_ word: String, to mount: inout MountRequest, allowed: [String]) throws(CFSError) {
        guard allowed.contains(word), let row = Self.rows.first(where: { $0.contains(word) }) else {
            throw Self.unknown(word, allowed)
        }
        if let earlier = seen.first(where: row.contains), earlier != word {
            throw CFSError(
                .invalidArgument, .parsing, "the mount of \(mount.target) cannot be both \(earlier) and \(word)")
        }
        seen.append(word)
        switch word {
        case "ro": mount.readOnly = true
        case "rw": mount.readOnly = false
        case "nosuid", "suid": mount.noSetUID = word == "nosuid"
        case "nodev", "dev": mount.noDevices = word == "nodev"
        case "noexec", "exec": mount.noExecute = word == "noexec"
        case "bind", "rbind": mount.recursive = word == "rbind"
        case "idmap": mount.idMapped = true
        default: mount.propagation = word
        }
    }

    private static func unknown(_ word: String, _ allowed: [String]) -> CFSError {
        // Of words with two letters every other one is near.
        let near = NearestName.suggestions(for: word, among: allowed).filter { $0.count > 2 || $0.first == word.first }
        let hint =
            if foreign.contains(word) {
                "leave it away: cfs has neither SELinux labels nor named volumes"
            } else if near.isEmpty {
                "known are \(allowed.joined(separator: " "))"
            } else {
                "did you mean \(near.joined(separator: " or "))?"
            }
        return CFSError(.invalidArgument, .parsing, "a mount does not know the word \"\(word)\"", hint: hint)
    }

    /// Throws unless `target` is a place inside the container where something can be mounted.
    package static func checkTarget(_ target: String, in text: String) throws(CFSError) {
        guard target.isAbsolutePath else {
            throw CFSError(
                .invalidArgument, .parsing, "the mount target \"\(target)\" is not an absolute path",
                hint: "write the path inside the container from its root, as in ./data:/data")
        }
        let components = target.pathNames
        guard !components.allSatisfy({ $0 == "." }) else {
            throw CFSError(.invalidArgument, .parsing, "nothing can be mounted over the root of the container: \(text)")
        }
        guard !components.contains("..") else {
            throw CFSError(.invalidArgument, .parsing, "the mount target \"\(target)\" must not contain \"..\"")
        }
        try PathLength.check(target, "the mount target")
    }
}
