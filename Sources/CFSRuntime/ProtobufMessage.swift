import CFSModel

/// A message of Protocol Buffers under construction: numbers, texts and messages, which is all that requests to CRIU are made of
/// (protobuf.dev, Programming Guides, Encoding).
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    /// A number of any of the types that are written as varint: int32, uint32, enum.
    mutating func set(_ field: Int, _ number: Int) {
        append(UInt64(field) << 3)
        append(UInt64(bitPattern: Int64(number)))
    }

    mutating func set(_ field: Int, _ isSet: Bool) { set(field, isSet ? 1 : 0) }

    mutating func set(_ field: Int, _ text: String) { set(field, bytes: Array(text.utf8)) }

    mutating func set(_ field: Int, _ message: ProtobufMessage) { set(field, bytes: message.bytes) }

    private mutating func set(_ field: Int, bytes: [UInt8]) {
        append(UInt64(field) << 3 | 2)
        append(UInt64(bytes.count))
        self.bytes += bytes
    }

    private mutating func append(_ number: UInt64) {
        var rest = number
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// The fields of a message that came; of one that comes several times the last counts.
struct ProtobufFields {
    private var numbers: [UInt64: UInt64] = [:]
    private var texts: [UInt64: [UInt8]] = [:]

    /// - Throws: `conflict` for bytes that are no message.
    init(_ bytes: [UInt8]) throws(CFSError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let key = Self.number(&rest), let fits = read(key, &rest), fits else {
                throw CFSError(.conflict, .running, "a message of CRIU cannot be read")
            }
        }
    }

    /// - Returns: nil or false when the bytes end too early, or hold what no message does.
    private mutating func read(_ key: UInt64, _ rest: inout ArraySlice<UInt8>) -> Bool? {
        switch key & 7 {
        case 0:
            guard let number = Self.number(&rest) else { return nil }
            numbers[key >> 3] = number
        case 1, 5:
            let size = key & 7 == 1 ? 8 : 4
            guard rest.count >= size else { return nil }
            rest = rest.dropFirst(size)
        case 2:
            guard let size = Self.number(&rest), size <= UInt64(rest.count) else { return nil }
            texts[key >> 3] = Array(rest.prefix(Int(size)))
            rest = rest.dropFirst(Int(size))
        default: return false
        }
        return true
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    func number(_ field: UInt64) -> Int? { numbers[field].map { Int(truncatingIfNeeded: $0) } }

    func text(_ field: UInt64) -> String? { texts[field].map { String(decoding: $0, as: UTF8.self) } }

    func message(_ field: UInt64) throws(CFSError) -> ProtobufFields? {
        guard let bytes = texts[field] else { return nil }
        return try ProtobufFields(bytes)
    }
}
