/// Objects inside of objects, each named by its full path, and members that are needed or of a certain form.
extension JSONFields {
    /// Reads a whole object: what `read` leaves over is an error where the reading is strict.
    package static func read<Part>(
        _ json: JSON, what: String, reading: Reading, isDocument: Bool = false,
        _ read: (inout JSONFields) throws(CFSError) -> Part
    ) throws(CFSError) -> Part {
        var fields = try JSONFields(json, what: what, reading: reading, isDocument: isDocument)
        let part = try read(&fields)
        try fields.finish()
        return part
    }

    /// A member that is an object; nil when it is not there.
    package mutating func part<Part>(
        _ key: String, _ read: (inout JSONFields) throws(CFSError) -> Part
    ) throws(CFSError) -> Part? {
        guard let json = try json(key) else { return nil }
        return try Self.read(json, what: name(key), reading: reading, read)
    }

    /// An array of objects.
    package mutating func items<Item>(
        _ key: String, _ read: (inout JSONFields) throws(CFSError) -> Item
    ) throws(CFSError) -> [Item] {
        var items: [Item] = []
        for (index, json) in (try take(key, "an array", \.array) ?? []).enumerated() {
            items.append(try Self.read(json, what: "\(name(key))[\(index)]", reading: reading, read))
        }
        return items
    }

    /// An object whose members are objects, in the order of the document.
    package mutating func members<Item>(
        _ key: String, _ read: (String, inout JSONFields) throws(CFSError) -> Item
    ) throws(CFSError) -> [Item] {
        var items: [Item] = []
        for (member, json) in try take(key, "an object", \.object)?.entries ?? [] {
            var fields = try JSONFields(json, what: "\(name(key)).\(member)", reading: reading)
            items.append(try read(member, &fields))
            try fields.finish()
        }
        return items
    }

    package func needed<Value>(_ value: Value?, _ key: String) throws(CFSError) -> Value {
        guard let value else { throw fault(key, "is missing") }
        return value
    }

    /// A string that `isRight`; `form` says what it must be.
    package mutating func string(
        _ key: String, _ form: String, where isRight: (String) -> Bool
    ) throws(CFSError) -> String? {
        guard let text = try string(key) else { return nil }
        guard isRight(text) else { throw fault(key, "must be \(form), not \"\(text)\"") }
        return text
    }

    /// A string of a list.
    package mutating func string(_ key: String, of words: [String]) throws(CFSError) -> String? {
        guard let text = try string(key) else { return nil }
        // What it must be is put into words when it is not.
        guard words.contains(text) else {
            throw fault(key, "must be one of \(words.text(separator: ", ")), not \"\(text)\"")
        }
        return text
    }

    /// An array of strings that each are right; nil when it is not there.
    package mutating func strings(
        _ key: String, _ form: String, where isRight: (String) -> Bool
    ) throws(CFSError) -> [String]? {
        guard let texts = try take(key, "an array of strings", \.strings) else { return nil }
        for (index, text) in texts.enumerated() where !isRight(text) {
            throw fault("\(key)[\(index)]", "must be \(form), not \"\(text)\"")
        }
        return texts
    }

    /// An array of strings of a list; nil when it is not there.
    package mutating func strings(_ key: String, of words: [String]) throws(CFSError) -> [String]? {
        try strings(key, "one of \(words.joined(separator: ", "))", where: words.contains)
    }

    package mutating func short(_ key: String) throws(CFSError) -> UInt16? {
        try take(key, "a whole number below 2^16") { $0.unsigned.flatMap { UInt16(exactly: $0) } }
    }

    package mutating func int32(_ key: String) throws(CFSError) -> Int32? {
        try take(key, "a whole number of 32 bits") { $0.integer.flatMap { Int32(exactly: $0) } }
    }

    /// `annotations`: an object of strings without an empty key (config.md, Annotations).
    package mutating func annotations() throws(CFSError) -> [String: String] {
        let map = try map("annotations")
        guard map[""] == nil else { throw fault("annotations", "must not have an empty key") }
        return map
    }
}
