import CFSModel
import CFSNamespaces
import CLinux

/// Limits that were asked for and that this process may not give: they are lowered, and said once.
enum LimitWarnings {
    static func of(_ limits: [ResourceLimit]) throws(CFSError) -> [String] {
        guard !limits.isEmpty, try !Capability.isEffective("SYS_RESOURCE") else { return [] }
        var warnings: [String] = []
        for limit in limits {
            var (soft, ours): (UInt64, UInt64) = (0, 0)
            guard cfs_getrlimit(try ResourceLimitNames.number(limit.name), &soft, &ours) == 0, limit.hard ?? .max > ours
            else {
                continue
            }
            let asked = limit.hard.map { "\($0)" } ?? "unlimited"
            warnings.append(
                "the limit \(limit.name) is \(ours) instead of \(asked): raising it needs CAP_SYS_RESOURCE, which is missing here"
            )
        }
        return warnings
    }
}
