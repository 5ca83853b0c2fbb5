/// Text from an image or a container, made harmless for a terminal.
enum Printable {
    /// The text with every character that would steer a terminal or turn its direction written as an escape: `\n`, `\x1b`,
    /// `\u{202e}`.
    static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": safe += "\\n"
            case "\t": safe += "\\t"
            case "\r": safe += "\\r"
            case _ where !isUnsafe(scalar): safe.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x100:
                let hex = String(scalar.value, radix: 16)
                safe += "\\x" + (hex.utf8.count == 1 ? "0" : "") + hex
            default: safe += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return safe
    }

    /// The same of bytes that are text as a rule: one that belongs to none is written as an escape, too.
    static func text(_ bytes: [UInt8]) -> String {
        if let whole = String(validating: bytes, as: UTF8.self) { return text(whole) }
        var safe = ""
        var rest = bytes[...]
        while let byte = rest.first {
            let scalar = (1...4).lazy.compactMap { count in
                rest.count < count ? nil : String(validating: rest.prefix(count), as: UTF8.self)
            }.first
            safe += scalar.map { text($0) } ?? "\\x" + String(byte, radix: 16)
            rest = rest.dropFirst(scalar?.utf8.count ?? 1)
        }
        return safe
    }

    /// The text in quotes, as Docker prints commands (strconv.Quote of Go): also quotes and backslashes within it are escapes.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\"
            default: break
            }
            quoted.unicodeScalars.append(scalar)
        }
        return Self.text(quoted) + "\""
    }

    /// C0 and C1 controls, line and paragraph separators, and the marks that turn the direction of writing.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
