import CFSModel

/// A method call that is to be sent over a bus.
struct DBusCall {
    var destination: String
    var path: String
    var interface: String
    var member: String
    /// The kinds of the values in ``body``.
    var signature = ""
    var body = DBusWriter()

    /// - Parameter serial: what the answer will name; not 0.
    func bytes(serial: UInt32) -> [UInt8] {
        var message = DBusWriter()
        message.byte(0x6c)
        message.byte(DBusMessage.Kind.call.rawValue)
        // NO_AUTO_START: who is not there is not to be started for this.
        message.byte(0x02)
        message.byte(DBusMessage.version)
        message.number(UInt32(body.bytes.count))
        message.number(serial)
        message.array(of: 8) { fields in
            Self.add(1, "o", path, &fields)
            Self.add(2, "s", interface, &fields)
            Self.add(3, "s", member, &fields)
            Self.add(6, "s", destination, &fields)
            if !signature.isEmpty { Self.add(8, "g", signature, &fields) }
        }
        message.align(8)
        return message.bytes + body.bytes
    }

    private static func add(_ code: UInt8, _ kind: String, _ value: String, _ fields: inout DBusWriter) {
        fields.align(8)
        fields.byte(code)
        fields.signature(kind)
        if kind == "g" { fields.signature(value) } else { fields.text(value) }
    }
}

/// A message that came over a bus.
struct DBusMessage {
    enum Kind: UInt8 {
        case call = 1
        case answer = 2
        case failure = 3
        case signal = 4
    }

    static let version: UInt8 = 1
    /// Far more than any message that is waited for; the bus itself takes 128 MiB.
    static let sizeLimit = 1 << 20

    /// Nil for one that this version does not know, which is to be passed over.
    private(set) var kind: Kind?
    private let isLittleEndian: Bool
    /// The serial of the call that this answers.
    private(set) var replySerial: UInt32 = 0
    private(set) var interface = ""
    private(set) var member = ""
    private(set) var errorName = ""
    /// The bus writes it: nobody can send in another's name.
    private(set) var sender = ""
    private(set) var signature = ""
    private(set) var body: [UInt8] = []

    private init(_ kind: Kind?, isLittleEndian: Bool) {
        self.kind = kind
        self.isLittleEndian = isLittleEndian
    }

    /// Takes the first message off what has come; nil as long as it is not whole.
    ///
    /// - Throws: `conflict` for bytes that are no message, or one that is larger than ``sizeLimit``.
    static func take(from bytes: inout [UInt8]) throws(CFSError) -> DBusMessage? {
        guard let header = try Header(bytes) else { return nil }
        guard header.bodySize <= sizeLimit, header.fieldsEnd <= sizeLimit else { throw DBusReader.broken }
        guard bytes.count >= header.size else { return nil }
        var message = DBusMessage(Kind(rawValue: bytes[1]), isLittleEndian: header.isLittleEndian)
        let fields = Array(bytes[..<header.fieldsEnd])
        try message.readFields(DBusReader(fields, isLittleEndian: header.isLittleEndian, from: 16))
        message.body = Array(bytes[header.bodyStart..<header.size])
        bytes.removeFirst(header.size)
        return message
    }

    /// How long the first message of what has come is; nil as long as that cannot be told.
    ///
    /// - Throws: `conflict` for bytes that are no message, and for more than a bus takes (128 MiB).
    static func size(_ bytes: [UInt8]) throws(CFSError) -> Int? {
        guard let header = try Header(bytes) else { return nil }
        guard header.size <= 128 << 20 else { throw DBusReader.broken }
        return header.size
    }

    /// The sixteen bytes that a message begins with.
    private struct Header {
        let isLittleEndian: Bool
        let bodySize: Int
        let fieldsEnd: Int
        /// Behind the fields, at the next boundary of 8.
        var bodyStart: Int { (fieldsEnd + 7) / 8 * 8 }
        var size: Int { bodyStart + bodySize }

        /// Nil as long as it is not whole.
        init?(_ bytes: [UInt8]) throws(CFSError) {
            guard bytes.count >= 16 else { return nil }
            // Either byte order: `l` and `B`.
            guard bytes[0] == 0x6c || bytes[0] == 0x42, bytes[1] != 0, bytes[3] == version else {
                throw DBusReader.broken
            }
            isLittleEndian = bytes[0] == 0x6c
            var sizes = DBusReader(Array(bytes[..<16]), isLittleEndian: isLittleEndian, from: 4)
            bodySize = Int(try sizes.number())
            _ = try sizes.number()
            fieldsEnd = 16 + Int(try sizes.number())
        }
    }

    private mutating func readFields(_ fields: DBusReader) throws(CFSError) {
        var reader = fields
        while !reader.isAtEnd {
            try reader.align(8)
            let code = try reader.byte()
            let kind = try reader.signature()
            switch (code, kind) {
            case (2, "s"): interface = try reader.text()
            case (3, "s"): member = try reader.text()
            case (4, "s"): errorName = try reader.text()
            case (5, "u"): replySerial = try reader.number()
            case (7, "s"): sender = try reader.text()
            case (8, "g"): signature = try reader.signature()
            // One of the others, or one of a later version. What is made of others says nothing that is waited for: the message is
            // passed over.
            default:
                if DBusReader.isComposed(kind) {
                    self.kind = nil
                    return
                }
                try reader.skip(kind)
            }
        }
    }

    /// The values of the message.
    ///
    /// - Throws: `conflict` when they are not of these kinds.
    func values(_ kinds: String) throws(CFSError) -> DBusReader {
        guard signature == kinds else { throw DBusReader.broken }
        return DBusReader(body, isLittleEndian: isLittleEndian)
    }

    /// What a failure says for people; its name when it says nothing.
    func failureText() throws(CFSError) -> String {
        guard signature.hasPrefix("s") else { return errorName }
        var values = DBusReader(body, isLittleEndian: isLittleEndian)
        let text = try values.text()
        return text.isEmpty ? errorName : text
    }
}
