import CFSModel
import CFSNamespaces
import CLinux

/// Limits that were asked for and that this process may not give: they are lowered, and said once.
enum LimitWarnings {
    /// For a container that is made.
    static func of(_ limits: [ResourceLimit]) throws(CFSError) -> [String] {
        try of(limits.map { (name: $0.name, hard: $0.hard ?? .max) })
    }

    /// For one more process of a container, which gets the container's limits; the usual ones nobody has asked for.
    static func of(_ limits: [RuntimeSpec.Rlimit]) throws(CFSError) -> [String] {
        let asked = limits.filter { !ContainerPlan.usualLimits.contains($0) }
        return try of(asked.map { (name: $0.type, hard: $0.hard) })
    }

    private static func of(_ limits: [(name: String, hard: UInt64)]) throws(CFSError) -> [String] {
        guard !limits.isEmpty, try !Capability.isEffective("SYS_RESOURCE") else { return [] }
        var warnings: [String] = []
        for limit in limits {
            let number = try ResourceLimitNames.number(limit.name)
            var (soft, ours): (UInt64, UInt64) = (0, 0)
            guard cfs_getrlimit(number, &soft, &ours) == 0, limit.hard > ours else { continue }
            let asked = limit.hard == .max ? "unlimited" : "\(limit.hard)"
            let name = ResourceLimitNames.name(number) ?? limit.name
            warnings.append(
                "the limit \(name) is \(ours) instead of \(asked): raising it needs CAP_SYS_RESOURCE, which is missing here"
            )
        }
        return warnings
    }
}
