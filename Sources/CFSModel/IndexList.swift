/// Numbers of processors or memory nodes: `0-3,6` (cpuset(7), List format).
public struct IndexList: Hashable, Sendable, CustomStringConvertible {
    /// In ascending order; no two touch.
    public private(set) var ranges: [ClosedRange<Int>] = []

    /// More than any kernel is built for (CONFIG_NR_CPUS, CONFIG_NODES_SHIFT).
    private static let largest = 65_535

    public init() {}

    /// Reads a list; white space around it, such as the kernel's line feed, does not count.
    public init(_ text: String) throws(CFSError) {
        // Byte by byte: what splits texts looks up generic types at run time, which took a tenth of a start.
        var found: [ClosedRange<Int>] = []
        var (first, number): (Int?, Int?)
        var bytes = Array(text.utf8)
        while let last = bytes.last, Self.isBlank(last) { bytes.removeLast() }
        let begin = bytes.firstIndex { !Self.isBlank($0) } ?? bytes.count
        if begin == bytes.count { return }
        for index in begin...bytes.count {
            let byte = index < bytes.count ? bytes[index] : UInt8(ascii: ",")
            switch byte {
            case 0x30...0x39:
                let value = (number ?? 0) * 10 + Int(byte - 0x30)
                guard value <= Self.largest else { throw Self.fault(text) }
                number = value
            case UInt8(ascii: "-"):
                guard let value = number, first == nil else { throw Self.fault(text) }
                (first, number) = (value, nil)
            case UInt8(ascii: ","):
                guard let last = number, first ?? last <= last else { throw Self.fault(text) }
                found.append((first ?? last)...last)
                (first, number) = (nil, nil)
            default: throw Self.fault(text)
            }
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

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    private static func fault(_ text: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "\"\(text)\" is not a list of numbers",
            hint: "write numbers and ranges: 0-3,6")
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
