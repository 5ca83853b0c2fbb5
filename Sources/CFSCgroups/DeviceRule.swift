import CFSModel

/// One line of a device filter.
public struct DeviceRule: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case all, characters, blocks
    }

    public struct Access: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        // BPF_DEVCG_ACC_* of linux/bpf.h.
        public static let mknod = Access(rawValue: 1)
        public static let read = Access(rawValue: 2)
        public static let write = Access(rawValue: 4)
        public static let all: Access = [.mknod, .read, .write]
    }

    public var allow: Bool
    public var kind: Kind
    /// Nil for every number.
    public var major: UInt32?
    public var minor: UInt32?
    public var access: Access

    public init(
        _ verdict: Bool, _ kind: Kind, _ major: UInt32? = nil, _ minor: UInt32? = nil, _ access: Access = .all
    ) {
        allow = verdict
        self.kind = kind
        self.major = major
        self.minor = minor
        self.access = access
    }

    /// Reads a rule that allows, as people write it: `c 1:3 rwm`, `b 8:* r`, `a *:* rwm` (cgroup-v1/devices.rst).
    ///
    /// - Throws: `invalidArgument`.
    public init(_ text: String) throws(CFSError) {
        let words = text.split(separator: " ")
        let numbers = words.count == 3 ? words[1].split(separator: ":", omittingEmptySubsequences: false) : []
        guard numbers.count == 2, let kind = Kind(String(words[0])), let access = Access(String(words[2])),
            let major = Self.number(numbers[0], 4095), let minor = Self.number(numbers[1], 1_048_575)
        else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a rule for devices",
                hint: "write type, numbers and access: \"c 1:3 rwm\", \"b 8:* r\"")
        }
        self.init(true, kind, major, minor, access)
    }

    /// The number, or nil in the optional for `*`.
    private static func number(_ text: Substring, _ largest: UInt32) -> UInt32?? {
        if text == "*" { return .some(nil) }
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt32(text), number <= largest else {
            return nil
        }
        return number
    }

    init(_ asked: RuntimeSpec.DeviceRule, _ naming: LimitNaming) throws(CFSError) {
        guard let kind = Kind(asked.type ?? "a") else {
            throw CFSError.limit(
                naming(.devices), nil, "has the type \"\(asked.type ?? "")\": a, c and b are possible")
        }
        guard let access = Access(asked.access.flatMap { $0.isEmpty ? nil : $0 } ?? "rwm") else {
            throw CFSError.limit(
                naming(.devices), nil, "has the access \"\(asked.access ?? "")\": letters of rwm are possible")
        }
        func number(_ value: Int64?, _ what: String, _ largest: Int64) throws(CFSError) -> UInt32? {
            guard let value, value != -1 else { return nil }
            guard (0...largest).contains(value) else {
                throw CFSError.limit(
                    naming(.devices), nil,
                    "has the \(what) number \(value): 0 to \(largest), or -1 for every one, are possible")
            }
            return UInt32(value)
        }
        self.init(
            asked.allow, kind, try number(asked.major, "major", 4095), try number(asked.minor, "minor", 1_048_575),
            access)
    }

    /// Whether it decides about every device and every access.
    var coversAll: Bool { kind == .all && major == nil && minor == nil && access == .all }
}

extension DeviceRule.Kind {
    fileprivate init?(_ text: String) {
        switch text {
        case "a", "": self = .all
        case "c", "u": self = .characters
        case "b": self = .blocks
        default: return nil
        }
    }
}

extension DeviceRule.Access {
    fileprivate init?(_ text: String) {
        self = []
        for letter in text.utf8 {
            switch letter {
            case 0x72: insert(.read)
            case 0x77: insert(.write)
            case 0x6d: insert(.mknod)
            default: return nil
            }
        }
        if isEmpty { return nil }
    }
}
