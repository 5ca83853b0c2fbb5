/// A JSON value (RFC 8259). Small on purpose: a start reads and writes one document of a few kilobytes.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A whole number above `Int64.max`, as resource limits may be.
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    /// A whole number of zero or more.
    public var unsigned: UInt64? {
        switch self {
        case .integer(let value): UInt64(exactly: value)
        case .unsigned(let value): value
        default: nil
        }
    }
    /// The strings of an array of strings; nil when it is something else.
    public var strings: [String]? {
        guard let array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }
    /// The map of an object whose values are strings; nil when it is something else.
    public var stringMap: [String: String]? {
        guard let object else { return nil }
        var map: [String: String] = [:]
        for (key, value) in object.entries {
            guard let text = value.string else { return nil }
            map[key] = text
        }
        return map
    }
    /// A member of an object; nil when there is none, or this is no object.
    public subscript(key: String) -> JSON? { object?[key] }

    public init(unsigned value: UInt64) {
        self = Int64(exactly: value).map(JSON.integer) ?? .unsigned(value)
    }
    public init(_ strings: [String]) { self = .array(strings.map(JSON.string)) }
    /// An object of strings, sorted by key.
    public init(_ map: [String: String]) {
        self = .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}

/// An object: its members keep their order, and no key comes twice.
public struct JSONObject: Sendable, Hashable {
    private var keys: [String] = []
    private var values: [JSON] = []
    /// Once there are so many keys that looking through them is slow: a document may be hostile.
    private var index: KeyIndex?
    private static let few = 16

    public init() {}
    /// The members in order; of a repeated key the last value stays.
    public init(_ entries: [(String, JSON)]) { for (key, value) in entries { self[key] = value } }

    public var entries: [(key: String, value: JSON)] { Array(zip(keys, values)).map { (key: $0, value: $1) } }
    public var isEmpty: Bool { keys.isEmpty }

    public subscript(key: String) -> JSON? {
        get { place(of: key).map { values[$0] } }
        set {
            if let place = place(of: key) {
                if let newValue {
                    values[place] = newValue
                } else {
                    keys.remove(at: place)
                    values.remove(at: place)
                    index = keys.count > Self.few ? KeyIndex(keys) : nil
                }
            } else if let newValue {
                keys.append(key)
                values.append(newValue)
                guard keys.count > Self.few else { return }
                if index != nil, isKnownUniquelyReferenced(&index) {
                    index?.add(key, at: keys.count - 1)
                } else {
                    index = KeyIndex(keys)
                }
            }
        }
    }

    private func place(of key: String) -> Int? {
        index?.place(of: key) ?? (index == nil ? keys.firstIndex(of: key) : nil)
    }

    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.keys == right.keys && left.values == right.values
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(keys)
        hasher.combine(values)
    }
}

/// Where each key of a large object stands. A class, so that small objects, which every start handles, do without a
/// dictionary: the first one in a process makes the runtime search for conformances.
private final class KeyIndex: @unchecked Sendable {
    private var places: [String: Int] = [:]

    init(_ keys: [String]) { for (place, key) in keys.enumerated() { places[key] = place } }

    func place(of key: String) -> Int? { places[key] }

    /// Only by the one object that has it: whoever shares it makes its own first, as with every value.
    func add(_ key: String, at place: Int) { places[key] = place }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
    public init(nilLiteral: ()) { self = .null }
}

// MARK: Writing

extension JSON {
    /// The document as text; indented by two spaces when `pretty`.
    public func text(pretty: Bool = false) -> String { String(decoding: bytes(pretty: pretty), as: UTF8.self) }

    /// The document as UTF-8.
    public func bytes(pretty: Bool = false) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(1024)
        write(to: &out, indent: pretty ? 0 : nil)
        return out
    }

    private func write(to out: inout [UInt8], indent: Int?) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .integer(let value): out += String(value).utf8
        case .unsigned(let value): out += String(value).utf8
        case .number(let value): out += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let value): Self.write(value, to: &out)
        case .array(let items):
            Self.writeList(items, "[", "]", to: &out, indent) { item, out, indent in
                item.write(to: &out, indent: indent)
            }
        case .object(let object):
            Self.writeList(object.entries, "{", "}", to: &out, indent) { entry, out, indent in
                Self.write(entry.key, to: &out)
                out += (indent == nil ? ":" : ": ").utf8
                entry.value.write(to: &out, indent: indent)
            }
        }
    }

    private static func writeList<Item>(
        _ items: [Item], _ open: String, _ close: String, to out: inout [UInt8], _ indent: Int?,
        _ write: (Item, inout [UInt8], Int?) -> Void
    ) {
        out += open.utf8
        let inner = indent.map { $0 + 2 }
        for (index, item) in items.enumerated() {
            if index > 0 { out.append(0x2c) }
            newLine(inner, &out)
            write(item, &out, inner)
        }
        if !items.isEmpty { newLine(indent, &out) }
        out += close.utf8
    }

    private static func newLine(_ indent: Int?, _ out: inout [UInt8]) {
        guard let indent else { return }
        out.append(0x0a)
        out.append(contentsOf: repeatElement(0x20, count: indent))
    }

    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22: out += "\\\"".utf8
            case 0x5c: out += "\\\\".utf8
            case 0x0a: out += "\\n".utf8
            case 0x0d: out += "\\r".utf8
            case 0x09: out += "\\t".utf8
            case 0..<0x20, 0x7f:
                let digits = Array("0123456789abcdef".utf8)
                out += "\\u00".utf8
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 0xf)])
            default: out.append(byte)
            }
        }
        out.append(0x22)
    }
}
