/// Numbers of processors or memory nodes: `0-3,6` (cpuset(7), List format).
public struct IndexList: Hashable, Sendable, CustomStringConvertible {
    /// First and last number of each range, in ascending order; no two touch. An array of ranges is a type that Swift looks up
    /// at run time, which takes 1 % of a start.
    private var bounds: [Int] = []

    /// In ascending order; no two touch.
    public var ranges: [ClosedRange<Int>] { (0..<bounds.count / 2).map { bounds[2 * $0]...bounds[2 * $0 + 1] } }

    /// More than any kernel is built for (CONFIG_NR_CPUS, CONFIG_NODES_SHIFT).
    private static let largest = 65_535

    public init() {}

    /// Reads a list; white space around it, such as the kernel's line feed, does not count.
    public init(_ text: String) throws(CFSError) {
        // Byte by byte: what splits texts looks up generic types at run time, which took a tenth of a start.
        // Each as one number, which sorts by its first.
        var found: [Int] = []
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
                found.append((first ?? last) << 16 | last)
                (first, number) = (nil, nil)
            default: throw Self.fault(text)
            }
        }
        found.sort()
        for range in found {
            let (first, last) = (range >> 16, range & 0xffff)
            if let before = bounds.last, first <= before + 1 {
                bounds[bounds.count - 1] = max(before, last)
            } else {
                bounds += [first, last]
            }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    private static func fault(_ text: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "\"\(text)\" is not a list of numbers",
            hint: "write numbers and ranges: 0-3,6")
    }

    public var isEmpty: Bool { bounds.isEmpty }
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    public func contains(_ number: Int) -> Bool {
        for index in 0..<bounds.count / 2 where bounds[2 * index] <= number {
            if number <= bounds[2 * index + 1] { return true }
        }
        return false
    }

    /// The numbers that are not in another list.
    public func subtracting(_ other: IndexList) -> [Int] {
        var rest: [Int] = []
        for index in 0..<bounds.count / 2 {
            for number in bounds[2 * index]...bounds[2 * index + 1] where !other.contains(number) {
                rest.append(number)
            }
        }
        return rest
    }

    /// As the kernel writes it: `0-3,6`.
    public var description: String {
        var text = ""
        for index in 0..<bounds.count / 2 {
            let (first, last) = (bounds[2 * index], bounds[2 * index + 1])
            if index > 0 { text += "," }
            text += first == last ? "\(first)" : "\(first)-\(last)"
        }
        return text
    }
}
