import CFSModel

/// Values of D-Bus as they came, in either byte order. Nothing is believed of them: a length that leads out of the bytes is an error.
struct DBusReader {
    private let bytes: [UInt8]
    private let isLittleEndian: Bool
    private(set) var offset: Int

    /// - Parameter offset: where to begin; boundaries count from the beginning of the bytes.
    init(_ bytes: [UInt8], isLittleEndian: Bool, from offset: Int = 0) {
        self.bytes = bytes
        self.isLittleEndian = isLittleEndian
        self.offset = offset
    }

    /// What is thrown for bytes that no bus sends.
    static var broken: CFSError {
        CFSError(.conflict, .limiting, "a message of the system bus cannot be read")
    }

    var isAtEnd: Bool { offset >= bytes.count }

    mutating func align(_ boundary: Int) throws(CFSError) {
        try advance((boundary - offset % boundary) % boundary)
    }

    mutating func byte() throws(CFSError) -> UInt8 {
        let start = try advance(1)
        return bytes[start]
    }

    mutating func number() throws(CFSError) -> UInt32 {
        try align(4)
        let start = try advance(4)
        var value: UInt32 = 0
        for index in 0..<4 { value = value << 8 | UInt32(bytes[start + (isLittleEndian ? 3 - index : index)]) }
        return value
    }

    mutating func text() throws(CFSError) -> String {
        let count = try number()
        return try characters(Int(count))
    }

    mutating func signature() throws(CFSError) -> String {
        let count = try byte()
        return try characters(Int(count))
    }

    /// Whether a value of this kind is made of others: an array, a structure, or one that says what it is.
    static func isComposed(_ kind: String) -> Bool { kind.utf8.first.map { Array("a(v".utf8).contains($0) } ?? false }

    /// Passes over a value that is of no interest; only of kinds that are not made of others.
    mutating func skip(_ kind: String) throws(CFSError) {
        switch kind {
        case "y": try advance(1)
        case "n", "q":
            try align(2)
            try advance(2)
        case "b", "i", "u", "h": _ = try number()
        case "x", "t", "d":
            try align(8)
            try advance(8)
        case "s", "o": _ = try text()
        case "g": _ = try signature()
        default: throw Self.broken
        }
    }

    /// A zero stands behind them that does not count.
    private mutating func characters(_ count: Int) throws(CFSError) -> String {
        let start = try advance(count)
        let end = try byte()
        guard end == 0 else { throw Self.broken }
        return String(decoding: bytes[start..<start + count], as: UTF8.self)
    }

    /// - Returns: where it was.
    @discardableResult
    private mutating func advance(_ count: Int) throws(CFSError) -> Int {
        guard count <= bytes.count - offset else { throw Self.broken }
        let start = offset
        offset += count
        return start
    }
}
