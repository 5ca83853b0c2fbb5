import CFSModel

/// Which device nodes a cgroup may use: rules in order, of which the last that matches counts; what none matches is
/// denied.
///
/// Each kind of access is decided for itself, as cgroup v1 did: a node opened for reading and writing needs both.
public struct DeviceFilter: Sendable, Hashable {
    public var rules: [DeviceRule]

    public init(rules: [DeviceRule]) { self.rules = rules }

    /// The devices of a container's `/dev`, and mknod(2) of any, since a node that cannot be opened does no harm.
    public static let defaultRules: [DeviceRule] = [
        DeviceRule(true, .characters, nil, nil, .mknod), DeviceRule(true, .blocks, nil, nil, .mknod),
        DeviceRule(true, .characters, 1, 3),  // null
        DeviceRule(true, .characters, 1, 5),  // zero
        DeviceRule(true, .characters, 1, 7),  // full
        DeviceRule(true, .characters, 1, 8),  // random
        DeviceRule(true, .characters, 1, 9),  // urandom
        DeviceRule(true, .characters, 5, 0),  // tty
        DeviceRule(true, .characters, 5, 2),  // ptmx
        DeviceRule(true, .characters, 136),  // pts, and the console
    ]

    /// The default rules, and further ones that count more.
    public static func standard(_ more: [DeviceRule] = []) -> DeviceFilter { DeviceFilter(rules: defaultRules + more) }

    /// The filter for OCI's `devices`. The default devices are allowed right after the last rule that denies everything,
    /// since callers write that one rule and count on the rest; a rule behind it stands as it is written.
    init(_ asked: [RuntimeSpec.DeviceRule], _ naming: LimitNaming) throws(CFSError) {
        rules = []
        for entry in asked { rules.append(try DeviceRule(entry, naming)) }
        let place = rules.lastIndex { $0.coversAll && !$0.allow }.map { $0 + 1 } ?? 0
        rules.insert(contentsOf: Self.defaultRules, at: place)
    }

    /// Whether nothing is denied, so that no program is needed.
    public var allowsEverything: Bool {
        guard let last = rules.lastIndex(where: \.coversAll), rules[last].allow else { return false }
        return rules[last...].allSatisfy(\.allow)
    }
}
