import CFSCore

/// Reads `--detach-keys`: keys with commas between them, each a character, or `ctrl-` and one of `a` to `z @ [ \ ] ^ _`, as
/// Docker has them.
package enum DetachKeysSyntax {
    /// Ctrl-P Ctrl-Q.
    package static let usual: [UInt8] = [0x10, 0x11]

    /// The bytes that the keys send; none for an empty text, and the usual ones for nil.
    package static func keys(_ text: String?) throws(CFSError) -> [UInt8] {
        guard let text else { return usual }
        guard !text.isEmpty else { return [] }
        var keys: [UInt8] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let key = key(part) else {
                throw CFSError(
                    .invalidArgument, .parsing, "--detach-keys does not know the key \"\(part)\"",
                    hint: "write characters, or ctrl- and one of a-z @ [ \\ ] ^ _, with commas between: ctrl-p,ctrl-q")
            }
            keys.append(key)
        }
        return keys
    }

    private static func key(_ text: Substring) -> UInt8? {
        let prefix = "ctrl-"
        let bytes = Array((text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : text).utf8)
        guard bytes.count == 1, let byte = bytes.first else { return nil }
        if bytes.count == text.utf8.count { return byte }
        // The columns of ASCII: a control character is its letter without the upper bits.
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "@"), UInt8(ascii: "[")...UInt8(ascii: "_"):
            return byte & 0x1f
        default: return nil
        }
    }
}
