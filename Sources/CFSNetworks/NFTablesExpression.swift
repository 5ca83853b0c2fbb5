/// A step of a rule of nf_tables, as linux/netfilter/nf_tables.h numbers it.
enum NFTExpression: Sendable, Hashable {
    /// Four bytes of the sixteen that rules compute in (NFT_REG32_00 and on); what is longer goes on in those behind it.
    struct Register: Sendable, Hashable {
        var number: UInt32
        init(_ slot: UInt32) { number = 8 + slot }
    }

    /// NFT_META_*.
    enum Meta: UInt32, Sendable {
        case input = 4
        case output = 5
        case inputName = 6
        case outputName = 7
        case family = 15
        case transport = 16
    }

    /// NFT_CT_*.
    enum Connection: UInt32, Sendable {
        case state = 0
        case status = 2
    }

    /// NFT_PAYLOAD_*.
    enum Header: UInt32, Sendable {
        case network = 1
        case transport = 2
    }

    enum Verdict: Sendable, Hashable {
        case accept, drop, `return`
        case jump(String)
        case goto(String)
    }

    case meta(Meta, Register)
    case connection(Connection, Register)
    case payload(Header, offset: UInt32, length: UInt32, Register)
    /// What kind of address the destination is (RTN_*), in the machine's order.
    case destinationKind(Register)
    /// Keeps the bits of the mask.
    case mask(Register, [UInt8])
    case equal(Register, [UInt8])
    case notEqual(Register, [UInt8])
    /// Goes on when the key is in the set.
    case isIn(String, Register)
    case isNotIn(String, Register)
    /// Goes on with the value for the key.
    case value(of: String, Register, into: Register)
    /// Ends with the verdict for the key; goes on when there is none.
    case decision(of: String, Register)
    case load([UInt8], Register)
    case verdict(Verdict)
    case counter
    case destinationNAT(NFTablesFamily, address: Register, port: Register)
    case masquerade

    func write(to message: inout NetlinkMessage) {
        message.append(1, name)  // NFTA_EXPR_NAME
        message.append(nesting: 2) { writeData(to: &$0) }  // NFTA_EXPR_DATA
    }

    private var name: String {
        switch self {
        case .meta: "meta"
        case .connection: "ct"
        case .payload: "payload"
        case .destinationKind: "fib"
        case .mask: "bitwise"
        case .equal, .notEqual: "cmp"
        case .isIn, .isNotIn, .value, .decision: "lookup"
        case .load, .verdict: "immediate"
        case .counter: "counter"
        case .destinationNAT: "nat"
        case .masquerade: "masq"
        }
    }

    private func writeData(to message: inout NetlinkMessage) {
        switch self {
        case .meta(let key, let register):  // NFTA_META_DREG, NFTA_META_KEY
            message.append(1, networkOrder: register.number)
            message.append(2, networkOrder: key.rawValue)
        case .connection(let key, let register):  // NFTA_CT_DREG, NFTA_CT_KEY
            message.append(1, networkOrder: register.number)
            message.append(2, networkOrder: key.rawValue)
        case .payload(let header, let offset, let length, let register):
            message.append(1, networkOrder: register.number)  // NFTA_PAYLOAD_DREG
            message.append(2, networkOrder: header.rawValue)  // NFTA_PAYLOAD_BASE
            message.append(3, networkOrder: offset)  // NFTA_PAYLOAD_OFFSET
            message.append(4, networkOrder: length)  // NFTA_PAYLOAD_LEN
        case .destinationKind(let register):
            message.append(1, networkOrder: register.number)  // NFTA_FIB_DREG
            message.append(2, networkOrder: UInt32(3))  // NFTA_FIB_RESULT: NFT_FIB_RESULT_ADDRTYPE
            message.append(3, networkOrder: UInt32(2))  // NFTA_FIB_FLAGS: NFTA_FIB_F_DADDR
        case .mask(let register, let mask):
            message.append(1, networkOrder: register.number)  // NFTA_BITWISE_SREG
            message.append(2, networkOrder: register.number)  // NFTA_BITWISE_DREG
            message.append(3, networkOrder: UInt32(mask.count))  // NFTA_BITWISE_LEN
            message.append(nesting: 4) { $0.append(1, mask) }  // NFTA_BITWISE_MASK
            message.append(nesting: 5) { $0.append(1, mask.map { _ in 0 }) }  // NFTA_BITWISE_XOR
        case .equal(let register, let bytes): Self.writeComparison(0, register, bytes, to: &message)  // NFT_CMP_EQ
        case .notEqual(let register, let bytes): Self.writeComparison(1, register, bytes, to: &message)  // NFT_CMP_NEQ
        case .isIn(let set, let register): Self.writeLookup(set, register, to: &message)
        case .isNotIn(let set, let register):
            Self.writeLookup(set, register, to: &message)
            message.append(5, networkOrder: UInt32(1))  // NFTA_LOOKUP_FLAGS: NFT_LOOKUP_F_INV
        case .value(let map, let register, let destination):
            Self.writeLookup(map, register, to: &message)
            message.append(3, networkOrder: destination.number)  // NFTA_LOOKUP_DREG
        case .decision(let map, let register):
            Self.writeLookup(map, register, to: &message)
            message.append(3, networkOrder: UInt32(0))  // NFT_REG_VERDICT
        case .load(let bytes, let register):  // NFTA_IMMEDIATE_DREG, NFTA_IMMEDIATE_DATA
            message.append(1, networkOrder: register.number)
            message.append(nesting: 2) { $0.append(1, bytes) }
        case .verdict(let verdict):
            message.append(1, networkOrder: UInt32(0))  // NFT_REG_VERDICT
            message.append(nesting: 2) { verdict.write(to: &$0) }
        case .counter, .masquerade: break
        case .destinationNAT(let family, let address, let port):
            message.append(1, networkOrder: UInt32(1))  // NFTA_NAT_TYPE: NFT_NAT_DNAT
            message.append(2, networkOrder: UInt32(family.rawValue))  // NFTA_NAT_FAMILY
            message.append(3, networkOrder: address.number)  // NFTA_NAT_REG_ADDR_MIN
            message.append(5, networkOrder: port.number)  // NFTA_NAT_REG_PROTO_MIN
        }
    }

    private static func writeComparison(
        _ operation: UInt32, _ register: Register, _ bytes: [UInt8], to message: inout NetlinkMessage
    ) {
        message.append(1, networkOrder: register.number)  // NFTA_CMP_SREG
        message.append(2, networkOrder: operation)  // NFTA_CMP_OP
        message.append(nesting: 3) { $0.append(1, bytes) }  // NFTA_CMP_DATA
    }

    private static func writeLookup(_ set: String, _ register: Register, to message: inout NetlinkMessage) {
        message.append(1, set)  // NFTA_LOOKUP_SET
        message.append(2, networkOrder: register.number)  // NFTA_LOOKUP_SREG
    }
}

extension NFTExpression.Verdict {
    /// Writes NFTA_DATA_VERDICT.
    func write(to message: inout NetlinkMessage) {
        message.append(nesting: 2) { verdict in
            verdict.append(1, networkOrder: code)  // NFTA_VERDICT_CODE
            if let chain { verdict.append(2, chain) }  // NFTA_VERDICT_CHAIN
        }
    }

    /// The verdict in a value of the kernel; nil when that is data, or a verdict that we never give.
    init?(_ data: NetlinkAttributes) {
        guard let verdict = data.nested(2), let code = verdict.number(1, Int32.self).map({ Int32(bigEndian: $0) })
        else {
            return nil
        }
        switch (code, verdict.text(2)) {
        case (1, nil): self = .accept
        case (0, nil): self = .drop
        case (-5, nil): self = .return
        case (-3, let chain?): self = .jump(chain)
        case (-4, let chain?): self = .goto(chain)
        default: return nil
        }
    }

    /// NF_ACCEPT, NF_DROP, NFT_RETURN, NFT_JUMP, NFT_GOTO.
    private var code: Int32 {
        switch self {
        case .accept: 1
        case .drop: 0
        case .return: -5
        case .jump: -3
        case .goto: -4
        }
    }

    private var chain: String? {
        switch self {
        case .jump(let chain), .goto(let chain): chain
        case .accept, .drop, .return: nil
        }
    }
}
