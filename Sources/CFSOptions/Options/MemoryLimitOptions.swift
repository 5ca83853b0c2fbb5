import CFSCore

/// How much memory a container may have.
package struct MemoryLimitOptions {
    package static let optionNames = OptionNames(
        values: ["memory m", "memory-swap", "memory-reservation", "memory-high"], lists: ["hugetlb"])

    /// A process with its kernel stack and page tables does not fit into less.
    private static let least: UInt64 = 1 << 20

    package let memory: String?
    package let memorySwap: String?
    package let memoryReservation: String?
    package let memoryHigh: String?
    package let hugetlb: [String]

    package init(_ arguments: CanonicalArguments) {
        memory = arguments.value("memory")
        memorySwap = arguments.value("memory-swap")
        memoryReservation = arguments.value("memory-reservation")
        memoryHigh = arguments.value("memory-high")
        hugetlb = arguments.values("hugetlb")
    }

    package func fill(_ resources: inout RuntimeSpec.Resources, _ host: HostFacts) throws(CFSError) {
        if memory != nil || memorySwap != nil || memoryReservation != nil {
            var limits = RuntimeSpec.Memory()
            if let memory { limits.limit = try LimitSyntax.bytes(memory, "--memory", least: Self.least) }
            if let memorySwap { limits.swap = try LimitSyntax.bytes(memorySwap, "--memory-swap", least: Self.least) }
            if let memoryReservation {
                limits.reservation = try LimitSyntax.bytes(memoryReservation, "--memory-reservation")
            }
            resources.memory = limits
        }
        if let memoryHigh { try fill(high: memoryHigh, &resources) }
        for text in hugetlb {
            let limit = try HugePageSyntax.limit(text, host)
            guard !resources.hugepageLimits.contains(where: { $0.pageSize == limit.pageSize }) else {
                throw CFSError(.invalidArgument, .parsing, "--hugetlb limits pages of \(limit.pageSize) twice")
            }
            resources.hugepageLimits.append(limit)
        }
    }

    private func fill(high text: String, _ resources: inout RuntimeSpec.Resources) throws(CFSError) {
        let high = try LimitSyntax.bytes(text, "--memory-high", least: Self.least)
        if let memory, let limit = resources.memory?.limit, limit > 0, high > limit {
            throw CFSError(
                .invalidArgument, .parsing,
                "--memory-high of \(text) is above --memory of \(memory): nothing gets there",
                hint: "write less than \(memory): above --memory-high it is slowed down, at --memory killed")
        }
        resources.unified.append(
            RuntimeSpec.UnifiedFile("memory.high", high == LimitSyntax.unlimited ? "max" : "\(high)"))
    }
}
