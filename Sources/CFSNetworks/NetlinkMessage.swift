/// A message of netlink(7) as bytes: a header (`struct nlmsghdr`), then what its family says. Pure.
///
/// Numbers are in the machine's own order; attributes that are not (nf_tables has such) say `networkOrder`.
package struct NetlinkMessage: Sendable, Hashable {
    /// Flags of a request (netlink(7)).
    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }
        package static let request = Flags(rawValue: 0x1)
        package static let acknowledge = Flags(rawValue: 0x4)
        /// What others are told of the change, the asker is told, too (NLM_F_ECHO).
        package static let echo = Flags(rawValue: 0x8)
        /// All that match (NLM_F_ROOT and NLM_F_MATCH).
        package static let dump = Flags(rawValue: 0x300)
        package static let replace = Flags(rawValue: 0x100)
        /// Only when it is not there yet.
        package static let exclusive = Flags(rawValue: 0x200)
        package static let create = Flags(rawValue: 0x400)
        package static let append = Flags(rawValue: 0x800)
    }

    /// An attribute that holds others has this bit (NLA_F_NESTED).
    package static let nested: UInt16 = 0x8000

    package var kind: UInt16
    package var flags: Flags
    package private(set) var body: [UInt8] = []

    package init(_ kind: UInt16, _ flags: Flags = []) {
        self.kind = kind
        self.flags = flags
    }

    /// Appends a number of the family's own header.
    package mutating func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value) { body += $0 } }

    /// Appends bytes of the family's own header, padded to four.
    package mutating func append(header bytes: [UInt8]) {
        body += bytes
        pad()
    }

    package mutating func append(_ attribute: UInt16, _ bytes: [UInt8]) {
        append(UInt16(4 + bytes.count))
        append(attribute)
        body += bytes
        pad()
    }

    /// A text with its terminating zero.
    package mutating func append(_ attribute: UInt16, _ text: String) { append(attribute, Array(text.utf8) + [0]) }

    package mutating func append(_ attribute: UInt16, _ value: some FixedWidthInteger) {
        append(attribute, withUnsafeBytes(of: value) { Array($0) })
    }

    package mutating func append(_ attribute: UInt16, networkOrder value: some FixedWidthInteger) {
        append(attribute, value.bigEndian)
    }

    /// An attribute whose value is attributes.
    package mutating func append(nesting attribute: UInt16, _ fill: (inout NetlinkMessage) -> Void) {
        let start = body.count
        append(UInt16(0))
        append(attribute | Self.nested)
        fill(&self)
        let length = UInt16(body.count - start)
        withUnsafeBytes(of: length) { bytes in
            body[start] = bytes[0]
            body[start + 1] = bytes[1]
        }
    }

    private mutating func pad() { body.append(contentsOf: repeatElement(0, count: -body.count & 3)) }

    /// The whole message.
    package func bytes(sequence: UInt32) -> [UInt8] {
        var whole = NetlinkMessage(0)
        whole.append(UInt32(16 + body.count))
        whole.append(kind)
        whole.append(flags.rawValue)
        whole.append(sequence)
        whole.append(UInt32(0))
        return whole.body + body
    }
}

/// Attributes of a message of the kernel, in their order. What does not fit ends the list: the kernel does not send such.
package struct NetlinkAttributes: Sendable {
    package let bytes: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// Each with its number (without NLA_F_NESTED and NLA_F_NET_BYTEORDER) and value.
    package var all: [(kind: UInt16, value: ArraySlice<UInt8>)] {
        var out: [(kind: UInt16, value: ArraySlice<UInt8>)] = []
        var place = bytes.startIndex
        while let length = bytes.number(at: place - bytes.startIndex, UInt16.self),
            let kind = bytes.number(at: place - bytes.startIndex + 2, UInt16.self), length >= 4,
            Int(length) <= bytes.endIndex - place
        {
            out.append((kind & 0x3fff, bytes[(place + 4)..<(place + Int(length))]))
            place += (Int(length) + 3) & ~3
            if place > bytes.endIndex { break }
        }
        return out
    }

    /// The value of the first attribute of a kind.
    package subscript(_ kind: UInt16) -> ArraySlice<UInt8>? { all.first { $0.kind == kind }?.value }

    /// The attributes inside of one.
    package func nested(_ kind: UInt16) -> NetlinkAttributes? { self[kind].map { NetlinkAttributes($0) } }

    package func number<Value: FixedWidthInteger>(_ kind: UInt16, _ type: Value.Type) -> Value? {
        self[kind].flatMap { $0.count == MemoryLayout<Value>.size ? $0.number(at: 0, type) : nil }
    }

    /// A text, without its terminating zero.
    package func text(_ kind: UInt16) -> String? {
        self[kind].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension ArraySlice<UInt8> {
    /// A number in the machine's own order, so many bytes behind the beginning; nil when it does not lie inside.
    package func number<Value: FixedWidthInteger>(at offset: Int, _ type: Value.Type) -> Value? {
        guard offset >= 0, offset + MemoryLayout<Value>.size <= count else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    }
}
