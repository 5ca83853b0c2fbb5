import CFSModel

/// The controller `hugetlb` (cgroup-v2.rst, HugeTLB): one limit for each size of huge pages.
public struct HugeTLBLimit: Sendable, Hashable {
    /// As the kernel writes it: `2MB`, `1GB`, `64KB`.
    public let pageSize: String
    public var limit: CgroupLimit<ByteCount>

    /// - Throws: `invalidArgument` when the size is not written as the kernel does.
    public init(pageSize: String, limit: CgroupLimit<ByteCount>) throws(CFSError) {
        guard Self.isPageSize(pageSize) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(pageSize)\" is not a size of huge pages",
                hint: "write it as the kernel does: 2MB, 1GB, 64KB")
        }
        self.pageSize = pageSize
        self.limit = limit
    }

    init(_ asked: RuntimeSpec.HugepageLimit, _ naming: LimitNaming) throws(CFSError) {
        guard Self.isPageSize(asked.pageSize) else {
            throw CFSError.limit(
                naming(.hugepageLimits), nil, "has no page size \"\(asked.pageSize)\"",
                hint: "write it as the kernel does: 2MB, 1GB, 64KB")
        }
        pageSize = asked.pageSize
        limit = .at(ByteCount(asked.limit))
    }

    /// `^[1-9][0-9]*[KMG]B$`, the pattern of the OCI schema.
    private static func isPageSize(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 3, bytes[0] != 0x30, bytes[bytes.count - 1] == 0x42 else { return false }
        let unit = bytes[bytes.count - 2]
        return (unit == 0x4b || unit == 0x4d || unit == 0x47)
            && bytes[..<(bytes.count - 2)].allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    func add(to settings: inout CgroupSettings, _ name: (LimitField, String) -> String) {
        let file = "hugetlb.\(pageSize).max"
        settings.add(CgroupSetting(file, limit.fileValue, name(.hugepageLimits, file)))
        // Reservations too (Linux 5.7): else mmap(2) promises what a later access is killed for.
        let reserved = "hugetlb.\(pageSize).rsvd.max"
        settings.add(CgroupSetting(reserved, limit.fileValue, name(.hugepageLimits, reserved), absence: .isFine))
    }
}
