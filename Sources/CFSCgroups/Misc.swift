import CFSModel

/// The controller `misc` (cgroup-v2.rst, Misc; Linux 5.13): countable things of the host, such as `sev` keys.
public struct MiscLimit: Sendable, Hashable {
    /// A name of `misc.capacity`.
    public let resource: String
    public var limit: CgroupLimit<UInt64>

    /// - Throws: `invalidArgument` when the name cannot be one.
    public init(resource: String, limit: CgroupLimit<UInt64>) throws(CFSError) {
        guard !resource.isEmpty, resource.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw CFSError(.invalidArgument, .parsing, "\"\(resource)\" is not the name of a resource")
        }
        self.resource = resource
        self.limit = limit
    }

    func add(to settings: inout CgroupSettings, _ name: (LimitField, String) -> String) {
        settings.add(CgroupSetting("misc.max", "\(resource) \(limit.fileValue)", name(.misc, "misc.max")))
    }
}
