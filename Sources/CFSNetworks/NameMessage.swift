import CFSModel

/// What a question asks for (the registry of IANA, RFC 1035, 3.2.2). Others are passed on as they are.
package struct NameType: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let a = NameType(rawValue: 1)
    package static let ptr = NameType(rawValue: 12)
    package static let aaaa = NameType(rawValue: 28)
    /// EDNS (RFC 6891).
    static let opt = NameType(rawValue: 41)
    static let ixfr = NameType(rawValue: 251)
    static let axfr = NameType(rawValue: 252)
    package static let any = NameType(rawValue: 255)
}

/// How an answer ends (RFC 1035, 4.1.1; 16 is RFC 6891's).
package enum ResponseCode: UInt16, Sendable {
    case noError = 0
    case formatError = 1
    case serverFailure = 2
    case nameError = 3
    case notImplemented = 4
    case refused = 5
    case badVersion = 16
}

/// A query as a resolver's client sends it: one question, maybe EDNS. Pure.
package struct NameQuery: Sendable, Hashable {
    /// The header's second word (RFC 1035, 4.1.1; AD and CD of RFC 4035).
    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }
        package static let response = Flags(rawValue: 0x8000)
        package static let authoritative = Flags(rawValue: 0x0400)
        package static let truncated = Flags(rawValue: 0x0200)
        package static let recursionDesired = Flags(rawValue: 0x0100)
        package static let recursionAvailable = Flags(rawValue: 0x0080)
        package static let checkingDisabled = Flags(rawValue: 0x0010)
        var operation: UInt16 { rawValue >> 11 & 0xf }
        var code: UInt16 { rawValue & 0xf }
    }

    /// What the client said by EDNS (RFC 6891, 6.1.2 and 6.1.3).
    package struct Extension: Sendable, Hashable {
        /// Bytes of UDP that it takes, 512 at least.
        package var size: Int
        package var version: UInt8
    }

    package var id: UInt16
    package var flags: Flags
    package var name: DomainName
    package var type: NameType
    /// IN is 1.
    package var group: UInt16
    package var extended: Extension?

    package init(
        id: UInt16, flags: Flags = .recursionDesired, name: DomainName, type: NameType, group: UInt16 = 1,
        extended: Extension? = nil
    ) {
        (self.id, self.flags, self.name, self.type, self.group) = (id, flags, name, type, group)
        self.extended = extended
    }

    static let headerSize = 12
    static let internet: UInt16 = 1

    /// What a packet of a client is.
    package enum Reading: Sendable, Hashable {
        /// And how many bytes it has; what stands behind them is no part of it.
        case query(NameQuery, length: Int)
        /// No query that anybody could answer; the answer says so.
        case fault([UInt8])
        /// Nothing that must be answered: an answer, or not even a header. Two servers that answered such would never stop.
        case nothing
    }

    /// Reads a packet. It follows no pointer and ends at the last byte, whatever stands there.
    package static func read(_ bytes: ArraySlice<UInt8>) -> Reading {
        guard bytes.count >= headerSize else { return .nothing }
        let flags = Flags(rawValue: bytes.word(at: 2))
        guard !flags.contains(.response) else { return .nothing }
        func fault(_ code: ResponseCode) -> Reading { .fault(Self.fault(bytes.word(at: 0), flags, code)) }
        guard flags.operation == 0 else { return fault(.notImplemented) }
        guard bytes.word(at: 4) == 1, let name = DomainName(reading: bytes, at: headerSize) else {
            return fault(.formatError)
        }
        var place = headerSize + name.wire.count
        guard place + 4 <= bytes.count else { return fault(.formatError) }
        var query = NameQuery(
            id: bytes.word(at: 0), flags: flags, name: name, type: NameType(rawValue: bytes.word(at: place)),
            group: bytes.word(at: place + 2))
        place += 4
        let additional = Int(bytes.word(at: 10))
        let records = Int(bytes.word(at: 6)) + Int(bytes.word(at: 8)) + additional
        // A record has eleven bytes at least, so a wrong count ends with the packet.
        for index in 0..<records {
            guard let end = DomainName.end(in: bytes, at: place), end + 10 <= bytes.count else {
                return fault(.formatError)
            }
            let next = end + 10 + Int(bytes.word(at: end + 8))
            guard next <= bytes.count else { return fault(.formatError) }
            if bytes.word(at: end) == NameType.opt.rawValue, index >= records - additional {
                guard query.extended == nil, end == place + 1 else { return fault(.formatError) }
                query.extended = Extension(
                    size: max(512, Int(bytes.word(at: end + 2))), version: bytes[bytes.startIndex + end + 5])
            }
            place = next
        }
        return .query(query, length: place)
    }

    private static func fault(_ id: UInt16, _ flags: Flags, _ code: ResponseCode) -> [UInt8] {
        var out: [UInt8] = []
        out.append(word: id)
        let kept = flags.rawValue & (0xf << 11 | Flags.recursionDesired.rawValue)
        out.append(word: Flags.response.rawValue | kept | code.rawValue)
        return out + [UInt8](repeating: 0, count: 8)
    }

    /// The query's own bytes, without what EDNS could say beyond size and version.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        for word in [id, flags.rawValue, 1, 0, 0, extended == nil ? 0 : 1] { out.append(word: word) }
        out += question
        if let extended {
            out.append(0)
            for word in [NameType.opt.rawValue, UInt16(clamping: extended.size), UInt16(extended.version), 0, 0] {
                out.append(word: word)
            }
        }
        return out
    }

    private var question: [UInt8] {
        var out = name.wire
        out.append(word: type.rawValue)
        out.append(word: group)
        return out
    }

    /// How many bytes an answer over UDP may have.
    package var sizeLimit: Int { extended?.size ?? 512 }
}

/// A record that answers the question itself.
package struct NameRecord: Sendable, Hashable {
    package var type: NameType
    package var data: [UInt8]

    package init(_ address: IPAddress) {
        type = address.family == .ipv4 ? .a : .aaaa
        data = address.bytes
    }

    /// The name that an address has.
    package init(pointingAt name: DomainName) {
        type = .ptr
        data = name.wire
    }
}

extension NameQuery {
    /// How long an answer of ours holds, in seconds: containers come, go and get the addresses of others at any moment, so
    /// hardly at all. It is not 0, which some caches take for an error.
    package static let timeToLive: UInt16 = 1

    /// An answer in the case of the question, with EDNS where the client has it (RFC 6891, 7). What does not fit into `limit`
    /// bytes is left out, and the answer says that it is truncated.
    package func answer(
        _ code: ResponseCode, _ records: [NameRecord] = [], isAuthoritative: Bool = false,
        limit: Int = Int(UInt16.max)
    ) -> [UInt8] {
        var flags: Flags = [.response, .recursionAvailable]
        flags.formUnion(self.flags.intersection([.recursionDesired, .checkingDisabled]))
        if isAuthoritative { flags.insert(.authoritative) }
        var body = question
        let tail = extended == nil ? 0 : 11
        var count: UInt16 = 0
        for record in records {
            guard Self.headerSize + body.count + 12 + record.data.count + tail <= limit else {
                flags.insert(.truncated)
                break
            }
            // The name of the question, by a pointer to it.
            for word in [0xc00c, record.type.rawValue, Self.internet, 0, Self.timeToLive] { body.append(word: word) }
            body.append(word: UInt16(record.data.count))
            body += record.data
            count += 1
        }
        var out: [UInt8] = []
        for word in [id, flags.rawValue | code.rawValue & 0xf, 1, count, 0, extended == nil ? 0 : 1] {
            out.append(word: word)
        }
        out += body
        if extended != nil {
            out.append(0)
            for word in [NameType.opt.rawValue, Self.extendedSize, (code.rawValue >> 4) << 8, 0, 0] {
                out.append(word: word)
            }
        }
        return out
    }

    /// Bytes of UDP that we take: more would be fragmented (RFC 9715).
    private static let extendedSize: UInt16 = 1232

    /// What an upstream's packet is for this query, under the number that the query was sent with.
    package enum Response: Sendable, Hashable {
        /// Of something else, or forged: not to be looked at.
        case foreign
        /// The server does not serve us: the next one may.
        case failed(ResponseCode?)
        case answered(isTruncated: Bool)
    }

    /// Judges a packet of an upstream: number, direction and question must be those of the query (RFC 5452, 9.1).
    package func judge(_ bytes: ArraySlice<UInt8>, sentAs id: UInt16) -> Response {
        guard bytes.count >= Self.headerSize, bytes.word(at: 0) == id else { return .foreign }
        let flags = Flags(rawValue: bytes.word(at: 2))
        guard flags.contains(.response), flags.operation == self.flags.operation else { return .foreign }
        let code = ResponseCode(rawValue: flags.code)
        // A server that cannot read the query, or does not want to, may leave the question out.
        if bytes.word(at: 4) == 0, flags.code != 0 { return .failed(code) }
        guard bytes.word(at: 4) == 1, let name = DomainName(reading: bytes, at: Self.headerSize),
            name.folded == self.name.folded, bytes.count >= Self.headerSize + name.wire.count + 4,
            bytes.word(at: Self.headerSize + name.wire.count) == type.rawValue,
            bytes.word(at: Self.headerSize + name.wire.count + 2) == group
        else { return .foreign }
        switch code {
        case .serverFailure?, .refused?, .notImplemented?: return .failed(code)
        default: return .answered(isTruncated: flags.contains(.truncated))
        }
    }

    /// An answer of an upstream as the client gets it: under the client's number, in the case of its question, and not longer
    /// than it can take.
    package func relayed(_ answer: ArraySlice<UInt8>, limit: Int) -> [UInt8] {
        var flags = Flags(rawValue: answer.word(at: 2))
        guard answer.count > limit else {
            var out: [UInt8] = []
            out.append(word: id)
            out += answer.dropFirst(2).prefix(Self.headerSize - 2)
            return out + name.wire + answer.dropFirst(Self.headerSize + name.wire.count)
        }
        flags.insert(.truncated)
        var out: [UInt8] = []
        for word in [id, flags.rawValue, 1, 0, 0, 0] { out.append(word: word) }
        return out + question
    }
}

extension ArraySlice<UInt8> {
    /// A number in network order; the caller has seen that it lies inside.
    func word(at offset: Int) -> UInt16 {
        UInt16(self[startIndex + offset]) << 8 | UInt16(self[startIndex + offset + 1])
    }
}

extension [UInt8] {
    mutating func append(word: UInt16) {
        append(UInt8(word >> 8))
        append(UInt8(word & 0xff))
    }
}
