import CFSCore

/// Reads `--hugetlb`: `2MB=64m`.
package enum HugePageSyntax {
    /// A limit of huge pages of one size; 0 is none of them, -1 no limit.
    package static func limit(_ text: String, _ host: HostFacts) throws(CFSError) -> RuntimeSpec.HugepageLimit {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        let page = parts.count == 2 ? bytes(parts[0]) : nil
        guard parts.count == 2, let page, page >= 1024 else { throw wrong(text) }
        let size = name(page)
        let sizes = host.hugePageSizes()
        guard sizes.contains(size) else {
            throw CFSError(
                .invalidArgument, .parsing, "--hugetlb \(text): this machine has no huge pages of \(size)",
                hint: sizes.isEmpty ? "it has none at all" : "it has \(sizes.text(separator: ", "))")
        }
        if parts[1] == "-1" { return RuntimeSpec.HugepageLimit(pageSize: size, limit: .max) }
        guard let limit = bytes(parts[1]) else { throw wrong(text) }
        guard limit == 0 || limit >= page else {
            throw LimitSyntax.wrong("--hugetlb", text, "one page is \(size): write that or more, or 0 for none of them")
        }
        return RuntimeSpec.HugepageLimit(pageSize: size, limit: limit)
    }

    /// A size as the kernel writes it in the names of files: `2MB`, `1GB`, `64KB`.
    package static func name(_ bytes: UInt64) -> String {
        if bytes >= 1 << 30 { return "\(bytes >> 30)GB" }
        return bytes >= 1 << 20 ? "\(bytes >> 20)MB" : "\(bytes >> 10)KB"
    }

    private static func bytes(_ text: String) -> UInt64? {
        do throws(CFSError) {
            return try ByteCount(text).bytes
        } catch {
            return nil
        }
    }

    private static func wrong(_ text: String) -> CFSError {
        LimitSyntax.wrong("--hugetlb", text, "write the size of a page and a limit: 2MB=64m, or 2MB=-1 for no limit")
    }
}
