extension JSON {
    /// Reads one document.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8.
    ///   - what: names the document in errors.
    /// - Throws: `.invalidConfiguration` with the offset of the fault. A key that comes twice is a fault, as is nesting
    ///   deeper than 128.
    public init(parsing bytes: [UInt8], what: String) throws(CFSError) {
        var parser = JSONParser(bytes: bytes, what: what)
        self = try parser.document()
    }
}

extension JSON {
    /// Reads one document but for an object in it, whose place only is found: its text is what it is read from later, or known
    /// by. Until it has been read as part of a document it may be anything with paired braces and brackets.
    ///
    /// - Parameter path: the keys that lead to it.
    /// - Returns: the document without that member; and where its text is, nil when it is not there or no object.
    package static func parse(
        _ bytes: [UInt8], what: String, leaving path: [String]
    ) throws(CFSError) -> (document: JSON, left: Range<Int>?) {
        var parser = JSONParser(bytes: bytes, what: what)
        parser.leaving = path
        let document = try parser.document()
        return (document, parser.left)
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let what: String
    var position = 0
    var depth = 0
    /// The keys that lead to an object that is left out.
    var leaving: [String] = []
    /// How many of them have led here.
    private var followed = 0
    /// Its place.
    private(set) var left: Range<Int>?

    init(bytes: [UInt8], what: String) {
        self.bytes = bytes
        self.what = what
    }

    mutating func document() throws(CFSError) -> JSON {
        let value = try self.value()
        skipSpace()
        guard position == bytes.count else { throw fault("something follows the document") }
        return value
    }

    private func fault(_ message: String) -> CFSError {
        CFSError(.invalidConfiguration, .parsing, "\(what) is not valid JSON: \(message) at byte \(position)")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(CFSError) -> JSON {
        skipSpace()
        guard position < bytes.count else { throw fault("it ends too early") }
        switch bytes[position] {
        case 0x7b: return .object(try object())
        case 0x5b: return .array(try array())
        case 0x22: return .string(try string())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6e: return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: String, _ value: JSON) throws(CFSError) -> JSON {
        let utf8 = Array(text.utf8)
        guard bytes[position...].starts(with: utf8) else { throw fault("unknown word") }
        position += utf8.count
        return value
    }

    private mutating func deeper() throws(CFSError) {
        depth += 1
        if depth > 128 { throw fault("it is nested too deeply") }
    }

    private mutating func object() throws(CFSError) -> JSONObject {
        try deeper()
        position += 1
        var object = JSONObject()
        skipSpace()
        if take(0x7d) {
            depth -= 1
            return object
        }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == 0x22 else { throw fault("a key is missing") }
            let key = try string()
            guard object[key] == nil else { throw fault("the key \"\(key)\" comes twice") }
            skipSpace()
            guard take(0x3a) else { throw fault("a colon is missing") }
            if followed < leaving.count, followed == depth - 1, key == leaving[followed] {
                guard left == nil else { throw fault("the key \"\(key)\" comes twice") }
                if let value = try follow() { object[key] = value }
            } else {
                object[key] = try value()
            }
            skipSpace()
            if take(0x2c) { continue }
            guard take(0x7d) else { throw fault("a comma or brace is missing") }
            depth -= 1
            return object
        }
    }

    /// The value of a key on the way to what is left out; nil for that itself.
    private mutating func follow() throws(CFSError) -> JSON? {
        followed += 1
        defer { followed -= 1 }
        skipSpace()
        guard followed == leaving.count, position < bytes.count, bytes[position] == 0x7b else { return try value() }
        let start = position
        try skipNested()
        left = start..<position
        return nil
    }

    /// Goes behind an object or array whatever is in it.
    private mutating func skipNested() throws(CFSError) {
        var open = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x7b, 0x5b: open += 1
            case 0x7d, 0x5d:
                open -= 1
                if open == 0 { return }
            case 0x22:
                while position < bytes.count, bytes[position] != 0x22 { position += bytes[position] == 0x5c ? 2 : 1 }
                position += 1
            default: break
            }
        }
        position = min(position, bytes.count)
        throw fault("it ends too early")
    }

    private mutating func array() throws(CFSError) -> [JSON] {
        try deeper()
        position += 1
        var items: [JSON] = []
        skipSpace()
        if take(0x5d) {
            depth -= 1
            return items
        }
        while true {
            items.append(try value())
            skipSpace()
            if take(0x2c) { continue }
            guard take(0x5d) else { throw fault("a comma or bracket is missing") }
            depth -= 1
            return items
        }
    }

    private mutating func string() throws(CFSError) -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x5c, bytes[position] >= 0x20 {
            position += 1
        }
        // Most strings have no escapes.
        if position < bytes.count, bytes[position] == 0x22 {
            defer { position += 1 }
            return try text(bytes[start..<position])
        }
        var out = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x22 {
                position += 1
                return try text(out[...])
            }
            guard byte >= 0x20 else { throw fault("a control character in a string") }
            position += 1
            if byte == 0x5c { try escape(&out) } else { out.append(byte) }
        }
        throw fault("a string does not end")
    }

    private func text(_ slice: ArraySlice<UInt8>) throws(CFSError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw fault("a string is not UTF-8") }
        return text
    }

    private mutating func escape(_ out: inout [UInt8]) throws(CFSError) {
        guard position < bytes.count else { throw fault("a string does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case 0x22, 0x5c, 0x2f: out.append(byte)
        case 0x62: out.append(0x08)
        case 0x66: out.append(0x0c)
        case 0x6e: out.append(0x0a)
        case 0x72: out.append(0x0d)
        case 0x74: out.append(0x09)
        case 0x75:
            var code = try hexadecimal()
            if (0xd800...0xdbff).contains(code) {
                guard take(0x5c), take(0x75) else { throw fault("half a surrogate pair") }
                let low = try hexadecimal()
                guard (0xdc00...0xdfff).contains(low) else { throw fault("half a surrogate pair") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
            out += String(Character(scalar)).utf8
        default: throw fault("an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(CFSError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw fault("a string does not end") }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            switch byte {
            case 0x30...0x39: value = value << 4 + UInt32(byte - 0x30)
            case 0x41...0x46: value = value << 4 + UInt32(byte - 0x37)
            case 0x61...0x66: value = value << 4 + UInt32(byte - 0x57)
            default: throw fault("a bad \\u escape")
            }
        }
        position += 4
        return value
    }

    private mutating func number() throws(CFSError) -> JSON {
        let start = position
        _ = take(0x2d)
        let digits = position
        func isDigit(_ at: Int) -> Bool { at < bytes.count && (0x30...0x39).contains(bytes[at]) }
        while isDigit(position) { position += 1 }
        let whole = position - digits
        guard whole > 0, whole == 1 || bytes[digits] != 0x30 else { throw fault("an unknown value") }
        var isWhole = true
        if take(0x2e) {
            isWhole = false
            guard isDigit(position) else { throw fault("a bad number") }
            while isDigit(position) { position += 1 }
        }
        if take(0x65) || take(0x45) {
            isWhole = false
            if !take(0x2b) { _ = take(0x2d) }
            guard isDigit(position) else { throw fault("a bad number") }
            while isDigit(position) { position += 1 }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        if isWhole, let value = UInt64(text) { return .unsigned(value) }
        guard let value = Double(text), value.isFinite else { throw fault("a number that is too large") }
        return .number(value)
    }
}
