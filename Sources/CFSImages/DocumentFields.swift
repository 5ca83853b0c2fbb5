import CFSModel

/// Reads the members of a JSON object of an image: strict in types, deaf to members that nobody asked for, as the
/// image-spec demands of readers (image-spec, considerations.md, extensibility).
struct DocumentFields {
    private let object: JSONObject
    private let what: String

    init(_ json: JSON?, _ what: String) throws(CFSError) {
        guard let object = json?.object else { throw Self.invalid("\(what) is not a JSON object") }
        self.object = object
        self.what = what
    }

    init(parsing bytes: [UInt8], _ what: String) throws(CFSError) {
        let json: JSON
        do {
            json = try JSON(parsing: bytes, what: what)
        } catch {
            throw Self.invalid(error.message)
        }
        try self.init(json, what)
    }

    /// A member as it stands, of whatever type.
    func raw(_ key: String) -> JSON? { object[key] }
    func has(_ key: String) -> Bool { object[key].map { $0 != .null } ?? false }

    func string(_ key: String) throws(CFSError) -> String? { try read(key, "a string", \.string) }
    func strings(_ key: String) throws(CFSError) -> [String]? { try read(key, "an array of strings", \.strings) }
    func map(_ key: String) throws(CFSError) -> [String: String]? { try read(key, "an object of strings", \.stringMap) }
    func unsigned(_ key: String) throws(CFSError) -> UInt64? { try read(key, "a whole number", \.unsigned) }
    func object(_ key: String) throws(CFSError) -> JSONObject? { try read(key, "an object", \.object) }

    func fields(_ key: String) throws(CFSError) -> DocumentFields? {
        guard let object = try object(key) else { return nil }
        return try DocumentFields(.object(object), "\(what), \(key)")
    }

    func list(_ key: String) throws(CFSError) -> [DocumentFields]? {
        guard let array = try read(key, "an array", \.array) else { return nil }
        var fields: [DocumentFields] = []
        for json in array { fields.append(try DocumentFields(json, "\(what), \(key)")) }
        return fields
    }

    func required<Value>(_ key: String, _ value: Value?) throws(CFSError) -> Value {
        guard let value else { throw Self.invalid("\(what) lacks \(key)") }
        return value
    }

    func digest(_ key: String) throws(CFSError) -> Digest? {
        guard let text = try string(key) else { return nil }
        return try Self.digest(text, "\(what), \(key)")
    }

    static func digest(_ text: String, _ what: String) throws(CFSError) -> Digest {
        do {
            return try Digest(text)
        } catch {
            throw invalid("\(what): \(error.message)")
        }
    }

    static func invalid(_ message: String) -> CFSError { CFSError(.invalidArchive, .importing, message) }

    private func read<Value>(_ key: String, _ type: String, _ value: (JSON) -> Value?) throws(CFSError) -> Value? {
        guard let json = object[key], json != .null else { return nil }
        guard let value = value(json) else { throw Self.invalid("\(what), \(key) is not \(type)") }
        return value
    }
}
