import CFSCore

/// A JSON document as indented lines, `Name: value`, for people.
enum Outline {
    /// - Parameter sizes: the names of members that count bytes: shown with a unit.
    static func text(_ json: JSON, sizes: [String] = []) -> String {
        var lines: [String] = []
        let json = sizes.isEmpty ? json : readable(json, sizes)
        append(json, indent: 0, to: &lines)
        return lines.map { $0 + "\n" }.joined()
    }

    private static func readable(_ json: JSON, _ sizes: [String]) -> JSON {
        guard case .object(let object) = json else { return json }
        return .object(
            JSONObject(
                object.entries.map { key, value in
                    guard sizes.contains(key), let bytes = value.unsigned else { return (key, readable(value, sizes)) }
                    return (key, .string("\(ByteCount(bytes))"))
                }))
    }

    private static func append(_ json: JSON, indent: Int, to lines: inout [String]) {
        let space = String(repeating: " ", count: indent)
        switch json {
        case .object(let object):
            for (key, value) in object.entries {
                if let scalar = scalar(value) {
                    lines.append("\(space)\(Printable.text(key)):" + (scalar.isEmpty ? "" : " \(scalar)"))
                } else {
                    lines.append("\(space)\(Printable.text(key)):")
                    append(value, indent: indent + 2, to: &lines)
                }
            }
        case .array(let items):
            for item in items {
                if let scalar = scalar(item) {
                    lines.append("\(space)\(scalar)")
                } else {
                    append(item, indent: indent, to: &lines)
                }
            }
        default: lines.append(space + (scalar(json) ?? ""))
        }
    }

    /// What fits on the line of its name; nil for what needs lines of its own.
    private static func scalar(_ json: JSON) -> String? {
        switch json {
        case .null: return ""
        case .bool(let value): return value ? "yes" : "no"
        case .string(let text): return Printable.text(text)
        case .array(let items) where items.allSatisfy({ $0.string != nil }):
            return items.compactMap(\.string).map(Printable.text).joined(separator: " ")
        case .object(let object): return object.isEmpty ? "" : nil
        case .array: return nil
        case .integer, .unsigned, .number: return json.text()
        }
    }
}
