/// The name by which an image is kept and asked for: `TinyCore`, `alpine:3.20`, `registry.example:5000/team/tool`.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// With its tag, unless that is `latest`: `TinyCore` and `TinyCore:latest` are one name.
    public let name: String

    /// Reads `name[:tag]`: parts of letters, digits and `._-` between slashes, each beginning with a letter or digit;
    /// at most 255 bytes. The first of several parts may end with a port.
    public init(_ text: String) throws(CFSError) {
        let slash = text.lastIndex(of: "/")
        let last = slash.map { text[text.index(after: $0)...] } ?? text[...]
        let pieces = last.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var parts = slash.map { text[..<$0].split(separator: "/", omittingEmptySubsequences: false) } ?? []
        if let first = parts.first, let colon = first.lastIndex(of: ":") {
            let port = first[first.index(after: colon)...]
            guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw Self.invalid(text)
            }
            parts[0] = first[..<colon]
        }
        parts.append(pieces.first ?? "")
        guard text.utf8.count <= 255, parts.allSatisfy({ Self.isPart($0, others: "._-") }),
            pieces.count < 2 || Self.isPart(pieces[1], others: "._-", first: "_")
        else { throw Self.invalid(text) }
        name = pieces.count == 2 && pieces[1] == "latest" ? String(text.dropLast(":latest".count)) : text
    }

    public var description: String { name }

    private static func isPart(_ part: Substring, others: String, first: String = "") -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        guard let start = part.utf8.first, isAlphanumeric(start) || first.utf8.contains(start) else { return false }
        return part.utf8.allSatisfy { isAlphanumeric($0) || others.utf8.contains($0) }
    }

    private static func invalid(_ text: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "\"\(text.prefix(300))\" is not the name of an image",
            hint: "use letters, digits and the signs . _ - / with an optional tag: alpine:3.20")
    }
}
