import CFSCore

/// Reads `--security-opt`.
package enum SecurityOptSyntax {
    package enum Choice: Equatable {
        case seccomp(SeccompChoice)
        case noNewPrivileges(Bool)
    }

    /// Reads `seccomp=FILE`, `seccomp=unconfined`, `seccomp=default`, `no-new-privileges` and `no-new-privileges=false`;
    /// a colon may stand for the equals sign.
    ///
    /// - Throws: `.invalidArgument` for anything else: an option that is not enforced is never taken in silence.
    package static func option(_ text: String, _ caller: Caller) throws(CFSError) -> Choice {
        let key = text.prefix { $0 != "=" && $0 != ":" }
        let value = key.endIndex == text.endIndex ? nil : String(text[text.index(after: key.endIndex)...])
        switch (key, value) {
        case ("seccomp", "unconfined"): return .seccomp(.unconfined)
        case ("seccomp", "default"), ("seccomp", "builtin"): return .seccomp(.default)
        case ("seccomp", let path?) where !path.isEmpty:
            let option = "--security-opt seccomp"
            let bytes = try LineFile.read(caller.absolute(path, of: option), option: option, limit: 4 << 20)
            return .seccomp(.profile(String(decoding: bytes, as: UTF8.self)))
        case ("no-new-privileges", nil), ("no-new-privileges", "true"): return .noNewPrivileges(true)
        case ("no-new-privileges", "false"): return .noNewPrivileges(false)
        case ("apparmor", _), ("label", _), ("systempaths", _), ("proc-opts", _), ("mask", _), ("unmask", _):
            throw CFSError(
                .invalidArgument, .parsing, "--security-opt \(key) is not supported",
                hint: "supported are seccomp and no-new-privileges")
        default:
            let near = NearestName.suggestions(for: String(key), among: ["seccomp", "no-new-privileges"])
            throw CFSError(
                .invalidArgument, .parsing, "--security-opt does not know \"\(text)\"",
                hint: key == "seccomp" || near.isEmpty
                    ? "use seccomp=FILE, seccomp=unconfined or no-new-privileges=false" : "did you mean \(near[0])?")
        }
    }
}
