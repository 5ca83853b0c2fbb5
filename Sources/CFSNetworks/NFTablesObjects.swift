/// The family of a table of nf_tables: NFPROTO_INET is IPv4 and IPv6 in one.
enum NFTablesFamily: UInt8, Sendable, Hashable {
    case inet = 1, ipv4 = 2, ipv6 = 10
}

/// A table with what belongs to it, as messages of nf_tables. The numbers are those of linux/netfilter/nf_tables.h.
struct NFTable: Sendable, Hashable {
    /// NFT_MSG_*.
    enum Kind: UInt16 {
        case newTable = 0, getTable, deleteTable, newChain, getChain
        case newRule = 6, getRule
        case newSet = 9
        case newElement = 12, getElement, deleteElement
        case getGeneration = 16
    }

    /// A chain, at a hook of the kernel or to be jumped to.
    struct Chain: Sendable, Hashable {
        struct Base: Sendable, Hashable {
            /// NF_INET_*.
            enum Hook: UInt32 {
                case prerouting = 0, input, forward, output, postrouting
            }

            var type: String
            var hook: Hook
            var priority: Int32
        }

        var name: String
        /// With the policy accept.
        var base: Base?
    }

    struct Rule: Sendable, Hashable {
        var chain: String
        var expressions: [NFTExpression]

        init(_ chain: String, _ expressions: [NFTExpression]) {
            self.chain = chain
            self.expressions = expressions
        }
    }

    /// A set, or a map with values. The numbers of types are not the kernel's: they let `nft list` show what lies in it.
    struct ElementSet: Sendable, Hashable {
        enum Value: Sendable, Hashable {
            case none, verdict
            case data(type: UInt32, length: UInt32)
        }

        var name: String
        /// In the batch that makes it.
        var number: UInt32
        var keyType: UInt32
        /// Bytes, each field padded to four.
        var keyLength: UInt32
        var value = Value.none
        /// Whether its keys are the beginnings and ends of ranges.
        var isInterval = false
        /// Whether the key is a number or text in the machine's own order, which `nft list` must know.
        var isHostOrder = false
    }

    struct Element: Sendable, Hashable {
        enum Value: Sendable, Hashable {
            case none
            case data([UInt8])
            case verdict(NFTExpression.Verdict)
        }

        var key: [UInt8]
        var value = Value.none
        /// Whether it ends the range that began before it: the first key behind that.
        var endsRange = false
        var comment: String?
    }

    var family: NFTablesFamily
    var name: String

    /// NFNL_MSG_BATCH_BEGIN.
    ///
    /// - Parameter generation: the batch is refused with ERESTART when the rules of the namespace are no longer of this one.
    static func begin(generation: UInt32?) -> NetlinkMessage {
        var message = NetlinkMessage(16)
        message.appendHeader(0, resource: 10)  // NFNL_SUBSYS_NFTABLES
        if let generation { message.append(1, networkOrder: generation) }  // NFNL_BATCH_GENID
        return message
    }

    /// NFNL_MSG_BATCH_END.
    static func end() -> NetlinkMessage {
        var message = NetlinkMessage(17)
        message.appendHeader(0, resource: 10)
        return message
    }

    /// A message of nf_tables without attributes; family 0 asks for all.
    static func message(_ kind: Kind, family: UInt8, _ flags: NetlinkMessage.Flags = []) -> NetlinkMessage {
        var message = NetlinkMessage(10 << 8 | kind.rawValue, flags)  // NFNL_SUBSYS_NFTABLES
        message.appendHeader(family, resource: 0)
        return message
    }

    private func message(_ kind: Kind, _ flags: NetlinkMessage.Flags = []) -> NetlinkMessage {
        var message = Self.message(kind, family: family.rawValue, flags)
        message.append(1, name)  // NFTA_*_TABLE, NFTA_TABLE_NAME
        return message
    }

    /// - Parameter comment: what `nft list` shows beside it.
    func creation(comment: String) -> NetlinkMessage {
        var message = message(.newTable, .create)
        message.append(6, Self.userData(comment: comment))  // NFTA_TABLE_USERDATA
        return message
    }

    func deletion() -> NetlinkMessage { message(.deleteTable) }

    func question() -> NetlinkMessage { message(.getTable) }

    func creation(of chain: Chain) -> NetlinkMessage {
        var message = message(.newChain, .create)
        message.append(3, chain.name)  // NFTA_CHAIN_NAME
        guard let base = chain.base else { return message }
        message.append(nesting: 4) { hook in  // NFTA_CHAIN_HOOK
            hook.append(1, networkOrder: base.hook.rawValue)  // NFTA_HOOK_HOOKNUM
            hook.append(2, networkOrder: base.priority)  // NFTA_HOOK_PRIORITY
        }
        message.append(5, networkOrder: UInt32(1))  // NFTA_CHAIN_POLICY: NF_ACCEPT
        message.append(7, base.type)  // NFTA_CHAIN_TYPE
        return message
    }

    /// A rule behind those that the chain has.
    func creation(of rule: Rule) -> NetlinkMessage {
        var message = message(.newRule, [.create, .append])
        message.append(2, rule.chain)  // NFTA_RULE_CHAIN
        message.append(nesting: 4) { list in  // NFTA_RULE_EXPRESSIONS
            for expression in rule.expressions { list.append(nesting: 1) { expression.write(to: &$0) } }
        }
        return message
    }

    func creation(of set: ElementSet) -> NetlinkMessage {
        var message = message(.newSet, .create)
        message.append(2, set.name)  // NFTA_SET_NAME
        // NFT_SET_MAP, NFT_SET_INTERVAL
        let flags: UInt32 = (set.value == .none ? 0 : 0x8) | (set.isInterval ? 0x4 : 0)
        message.append(3, networkOrder: flags)  // NFTA_SET_FLAGS
        message.append(4, networkOrder: set.keyType)  // NFTA_SET_KEY_TYPE
        message.append(5, networkOrder: set.keyLength)  // NFTA_SET_KEY_LEN
        switch set.value {
        case .none: break
        case .verdict: message.append(6, networkOrder: UInt32(0xffff_ff00))  // NFTA_SET_DATA_TYPE: NFT_DATA_VERDICT
        case .data(let type, let length):
            message.append(6, networkOrder: type)
            message.append(7, networkOrder: length)  // NFTA_SET_DATA_LEN
        }
        message.append(10, networkOrder: set.number)  // NFTA_SET_ID
        // NFTA_SET_USERDATA with NFTNL_UDATA_SET_KEYBYTEORDER of libnftnl.
        if set.isHostOrder { message.append(13, [0, 4] + withUnsafeBytes(of: UInt32(1)) { Array($0) }) }
        return message
    }

    /// - Parameter flags: `create`, with `exclusive` when it must not be there yet.
    func addition(
        of elements: [Element], to set: String, _ flags: NetlinkMessage.Flags
    ) -> NetlinkMessage {
        message(.newElement, flags, elements, of: set)
    }

    func deletion(of elements: [Element], from set: String) -> NetlinkMessage {
        message(.deleteElement, [], elements, of: set)
    }

    private func message(
        _ kind: Kind, _ flags: NetlinkMessage.Flags, _ elements: [Element], of set: String
    ) -> NetlinkMessage {
        var message = message(kind, flags)
        message.append(2, set)  // NFTA_SET_ELEM_LIST_SET
        message.append(nesting: 3) { list in  // NFTA_SET_ELEM_LIST_ELEMENTS
            for element in elements { list.append(nesting: 1) { element.write(to: &$0) } }
        }
        return message
    }

    /// Asks for all elements of a set.
    func question(forElementsOf set: String) -> NetlinkMessage {
        var message = message(.getElement)
        message.append(2, set)
        return message
    }

    /// Asks for all rules of the table.
    func questionForRules() -> NetlinkMessage { message(.getRule) }

    /// A comment as libnftnl has it in tables (NFTNL_UDATA_TABLE_COMMENT) and elements (NFTNL_UDATA_SET_ELEM_COMMENT):
    /// type 0, a length of one byte, a text with its zero.
    fileprivate static func userData(comment: String) -> [UInt8] {
        let text = Array(comment.utf8.prefix(254)) + [0]
        return [0, UInt8(text.count)] + text
    }

    /// The comment in such data; nil when that begins with something else.
    static func comment(in userData: ArraySlice<UInt8>) -> String? {
        guard userData.first == 0 else { return nil }
        return String(decoding: userData.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension NFTable.Element {
    fileprivate func write(to message: inout NetlinkMessage) {
        if endsRange { message.append(3, networkOrder: UInt32(1)) }  // NFTA_SET_ELEM_FLAGS: NFT_SET_ELEM_INTERVAL_END
        message.append(nesting: 1) { $0.append(1, key) }  // NFTA_SET_ELEM_KEY: NFTA_DATA_VALUE
        switch value {
        case .none: break
        case .data(let bytes): message.append(nesting: 2) { $0.append(1, bytes) }  // NFTA_SET_ELEM_DATA
        case .verdict(let verdict): message.append(nesting: 2) { verdict.write(to: &$0) }
        }
        if let comment { message.append(6, NFTable.userData(comment: comment)) }  // NFTA_SET_ELEM_USERDATA
    }

    /// The elements in an answer to ``NFTable/question(forElementsOf:)``.
    static func read(_ body: ArraySlice<UInt8>) -> [NFTable.Element] {
        guard let list = NetlinkAttributes(body.dropFirst(4)).nested(3) else { return [] }
        var out: [NFTable.Element] = []
        for (_, value) in list.all {
            let attributes = NetlinkAttributes(value)
            guard let key = attributes.nested(1)?[1] else { continue }
            var element = NFTable.Element(key: Array(key))
            if let data = attributes.nested(2) {
                if let bytes = data[1] { element.value = .data(Array(bytes)) }
                if let verdict = NFTExpression.Verdict(data) { element.value = .verdict(verdict) }
            }
            element.endsRange = attributes.number(3, UInt32.self).map { UInt32(bigEndian: $0) & 1 == 1 } ?? false
            element.comment = attributes[6].flatMap { NFTable.comment(in: $0) }
            out.append(element)
        }
        return out
    }
}

extension NetlinkMessage {
    /// `struct nfgenmsg` of linux/netfilter/nfnetlink.h, version NFNETLINK_V0.
    fileprivate mutating func appendHeader(_ family: UInt8, resource: UInt16) {
        append(family)
        append(UInt8(0))
        append(resource.bigEndian)
    }
}
