/// Reads the members of an object: a member of the wrong type is an error that names it.
///
/// In the engine's own files so is one that nobody asked for: a field of a document that is not enforced must never be
/// dropped in silence. A document of the OCI may have them (config.md, Extensibility).
package struct JSONFields {
    package enum Reading: Sendable {
        /// Members that nobody asks for are an error.
        case strict
        /// Members that nobody asks for are ignored.
        case extensible
    }

    package let reading: Reading
    /// The full name of the object, `linux.resources`.
    package let what: String
    private var object: JSONObject
    /// Before the names of members; empty in a document itself.
    private let stem: String

    /// - Parameters:
    ///   - what: the full name of the object for messages.
    ///   - isDocument: whether it is a whole document, whose members are named without it.
    package init(
        _ json: JSON, what: String, reading: Reading = .strict, isDocument: Bool = false
    ) throws(CFSError) {
        guard let object = json.object else {
            throw CFSError(.invalidConfiguration, .parsing, "\(what) must be an object")
        }
        self.object = object
        self.what = what
        self.reading = reading
        stem = isDocument ? "" : what + "."
    }

    /// The full name of a member.
    package func name(_ key: String) -> String { stem + key }

    /// The error of a member: `linux.memoryPolicy.mode must be a string`.
    package func fault(_ key: String, _ text: String) -> CFSError {
        CFSError(.invalidConfiguration, .parsing, "\(stem)\(key) \(text)")
    }

    /// Takes a member out; nil when it is not there or null.
    package mutating func take<Value>(
        _ key: String, _ type: String, _ read: (JSON) -> Value?
    ) throws(CFSError) -> Value? {
        guard let json = object[key] else { return nil }
        object[key] = nil
        if json == .null { return nil }
        guard let value = read(json) else { throw fault(key, "must be \(type)") }
        return value
    }

    package mutating func string(_ key: String) throws(CFSError) -> String? { try take(key, "a string", \.string) }
    package mutating func bool(_ key: String) throws(CFSError) -> Bool? { try take(key, "true or false", \.bool) }
    package mutating func integer(_ key: String) throws(CFSError) -> Int64? {
        try take(key, "a whole number", \.integer)
    }
    package mutating func unsigned(_ key: String) throws(CFSError) -> UInt64? {
        try take(key, "a whole number", \.unsigned)
    }
    package mutating func id(_ key: String) throws(CFSError) -> UInt32? {
        try take(key, "a whole number below 2^32") { $0.unsigned.flatMap { UInt32(exactly: $0) } }
    }
    package mutating func strings(_ key: String) throws(CFSError) -> [String] {
        try take(key, "an array of strings", \.strings) ?? []
    }
    package mutating func map(_ key: String) throws(CFSError) -> [String: String] {
        // A type of dictionaries that is made at run time has every conformance searched for its keys'.
        guard object[key] != nil else { return [:] }
        return try take(key, "an object of strings", \.stringMap) ?? [:]
    }
    package mutating func json(_ key: String) throws(CFSError) -> JSON? { try take(key, "a value") { $0 } }

    /// An array of objects, each read by `read`.
    package mutating func list<Item>(_ key: String, _ read: (JSON) throws(CFSError) -> Item) throws(CFSError) -> [Item]
    {
        guard let array = try take(key, "an array", \.array) else { return [] }
        var items: [Item] = []
        for json in array { items.append(try read(json)) }
        return items
    }

    /// Throws when members are left that may not be there.
    package func finish() throws(CFSError) {
        if reading == .strict, let left = object.entries.first {
            throw CFSError(.invalidConfiguration, .parsing, "\(stem)\(left.key) is not supported by this engine")
        }
    }
}

/// Builds an object of what is there: nil, empty arrays and empty maps are left out.
package struct JSONBuilder {
    package private(set) var object = JSONObject()
    package var json: JSON { .object(object) }

    package init() {}

    package mutating func set(_ key: String, _ value: JSON?) { if let value { object[key] = value } }
    package mutating func set(_ key: String, _ value: String?) { set(key, value.map(JSON.string)) }
    package mutating func set(_ key: String, _ value: Bool?) { set(key, value.map(JSON.bool)) }
    package mutating func set(_ key: String, _ value: Int?) { set(key, value.map { .integer(Int64($0)) }) }
    package mutating func set(_ key: String, _ value: UInt32?) { set(key, value.map { .integer(Int64($0)) }) }
    package mutating func set(_ key: String, _ value: [String]) { if !value.isEmpty { object[key] = JSON(value) } }
    package mutating func set(_ key: String, _ value: [JSON]) { if !value.isEmpty { object[key] = .array(value) } }
    package mutating func set(_ key: String, _ value: [String: String]) {
        if !value.isEmpty { object[key] = JSON(value) }
    }
}
