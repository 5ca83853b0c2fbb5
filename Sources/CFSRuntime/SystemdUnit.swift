import CFSLinux
import CFSModel

/// The unit that `linux.cgroupsPath` names for `--systemd-cgroup`: `SLICE:PREFIX:NAME`, as callers of runc write it.
struct SystemdUnit: Sendable, Hashable {
    let slice: String
    let name: String

    /// - Parameters:
    ///   - text: without a slice it is `system.slice`; nothing at all means a scope of the container's id there.
    init(_ text: String, id: String) throws(CFSError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard text.isEmpty || parts.count == 3 else {
            throw CFSError(
                .invalidConfiguration, .parsing,
                "linux.cgroupsPath \"\(text)\" is not SLICE:PREFIX:NAME, as --systemd-cgroup wants it")
        }
        let slice = text.isEmpty || parts[0].isEmpty ? "system.slice" : parts[0]
        let name = text.isEmpty ? id : parts[2]
        let prefix = text.isEmpty ? "cfs" : parts[1]
        guard slice.hasSuffix(".slice"), !slice.hasSlash, !name.isEmpty else {
            throw CFSError(.invalidConfiguration, .parsing, "linux.cgroupsPath \"\(text)\" names no slice of systemd")
        }
        self.slice = slice
        let isSlice = name.hasSuffix(".slice")
        self.name = isSlice ? name : "\(prefix.isEmpty ? name : "\(prefix)-\(name)").scope"
    }

    /// Whether systemd makes it for processes that somebody else has started; a slice holds none itself.
    var isScope: Bool { name.hasSuffix(".scope") }

    /// Whether it can be a name of a unit at all (systemd.unit(5)); what a bus takes for a text is less.
    var isPlain: Bool {
        for text in [slice, name] {
            guard text.utf8.count < 256, text.utf8.allSatisfy(Self.isLetter) else { return false }
        }
        return true
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        // Digits, capitals, letters.
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        // `-`, `.`, `:`, `@`, `\`, `_`.
        case 0x2d, 0x2e, 0x3a, 0x40, 0x5c, 0x5f: true
        default: false
        }
    }

    /// Its place below that of systemd itself (systemd.slice(5)).
    var path: String {
        var path = ""
        var unit = ""
        // `a-b.slice` lies in `a.slice`; `-.slice` is the root.
        for part in slice.dropLast(".slice".count).split(separator: "-") {
            unit += unit.isEmpty ? "\(part)" : "-\(part)"
            path += "/\(unit).slice"
        }
        return "\(path)/\(name)"
    }
}
