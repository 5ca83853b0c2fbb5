import CFSModel

/// The limits of getrlimit(2), numbered as on x86-64 and arm64.
public enum ResourceLimitNames {
    static let names = [
        "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending",
        "msgqueue",
        "nice", "rtprio", "rttime",
    ]

    /// The name of a number, in lower case; nil when there is no such limit.
    public static func name(_ number: Int32) -> String? {
        names.indices.contains(Int(number)) ? names[Int(number)] : nil
    }

    /// The number of `nofile`, `NOFILE` or `RLIMIT_NOFILE`.
    public static func number(_ text: String) throws(CFSError) -> Int32 {
        var name = text.lowercased()
        if name.hasPrefix("rlimit_") { name.removeFirst(7) }
        guard let index = names.firstIndex(of: name) else {
            throw CFSError(
                .invalidArgument, .parsing, "unknown limit \"\(text)\"",
                hint: "known are \(names.joined(separator: ", "))")
        }
        return Int32(index)
    }
}
