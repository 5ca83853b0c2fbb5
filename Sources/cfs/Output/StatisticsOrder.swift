import CFSCore

/// What `cfs stats` sorts by; what uses most comes first.
enum StatisticsOrder: String, CaseIterable {
    case cpu
    case memory
    case name
    case pids

    /// Reads `--sort`; nil is the processors.
    init(_ text: String?) throws(CFSError) {
        guard let text else {
            self = .cpu
            return
        }
        guard let order = StatisticsOrder(rawValue: text) else {
            throw CFSError(
                .invalidArgument, .parsing, "--sort does not take \"\(text)\"",
                hint: "use \(Self.allCases.map(\.rawValue).text(separator: ", "))")
        }
        self = order
    }

    /// The key that chooses it in the live table: the first letter.
    init?(key: UInt8) {
        guard let order = Self.allCases.first(where: { $0.rawValue.utf8.first == key }) else { return nil }
        self = order
    }

    /// Rows that are equal stand by their names; what is not measured stands last.
    func sorted(_ rows: [StatisticsRow]) -> [StatisticsRow] {
        func value(_ row: StatisticsRow) -> Double {
            switch self {
            case .cpu: row.processors ?? -1
            case .memory: row.memory.map { Double($0) } ?? -1
            case .pids: row.pids.map { Double($0) } ?? -1
            case .name: 0
            }
        }
        return rows.map { ($0, value($0)) }.sorted { left, right in
            left.1 == right.1 ? left.0.name < right.0.name : left.1 > right.1
        }.map(\.0)
    }
}
