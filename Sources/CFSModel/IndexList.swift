/// Numbers of processors or memory nodes: `0-3,6` (cpuset(7), List format).
public struct IndexList: Hashable, Sendable, CustomStringConvertible {
    /// In ascending order; no two touch.
    public private(set) var ranges: [ClosedRange<Int>] = []

    /// More than any kernel is built for (CONFIG_NR_CPUS, CONFIG_NODES_SHIFT).
    private static let largest = 65_535

    public init() {}

    /// Reads a list; white space around it, such as the kernel's line feed, does not count.
    public init(_ text: String) throws(CFSError) {
        var found: [ClosedRange<Int>] = []
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        for part in String(trimmed).split(separator: ",", omittingEmptySubsequences: false) where !trimmed.isEmpty {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            let numbers = ends.compactMap { Self.number($0) }
            guard numbers.count == ends.count, numbers.count <= 2, let first = numbers.first, let last = numbers.last,
                first <= last
            else {
                throw CFSError(
                    .invalidArgument, .parsing, "\"\(text)\" is not a list of numbers",
                    hint: "write numbers and ranges: 0-3,6")
            }
            found.append(first...last)
        }
        found.sort { $0.lowerBound < $1.lowerBound }
        for range in found {
            if let before = ranges.last, range.lowerBound <= before.upperBound + 1 {
                ranges[ranges.count - 1] = before.lowerBound...max(before.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(text) else {
            return nil
        }
        return number <= largest ? number : nil
    }

    public var isEmpty: Bool { ranges.isEmpty }
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    public func contains(_ number: Int) -> Bool { ranges.contains { $0.contains(number) } }

    /// The numbers that are not in another list.
    public func subtracting(_ other: IndexList) -> [Int] {
        var rest: [Int] = []
        for range in ranges { for number in range where !other.contains(number) { rest.append(number) } }
        return rest
    }

    /// As the kernel writes it: `0-3,6`.
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.text(separator: ",")
    }
}
