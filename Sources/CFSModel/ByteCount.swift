/// A number of bytes. Reads what people write: `512`, `64k`, `512m`, `1.5g`, `2GiB` (binary multiples), and writes it so.
public struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let bytes: UInt64

    public init(_ bytes: UInt64) { self.bytes = bytes }

    /// Reads a size; units are binary (`k` = 1024), case does not matter, `b`, `ib` may follow.
    public init(_ text: String) throws(CFSError) {
        let lower = text.lowercased()
        let digits = lower.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = lower.dropFirst(digits.count)
        // Whole numbers keep every digit, which a Double would not.
        let shift = Self.shift(unit)
        if let shift, let whole = UInt64(digits) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 1 << shift)
            if !overflow {
                bytes = product
                return
            }
        }
        guard let shift, let value = Double(digits), value >= 0,
            value * Double(UInt64(1) << shift) < Double(UInt64.max)
        else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a size",
                hint: "write a number with a unit: 512m, 1.5g, 64k")
        }
        bytes = UInt64(value * Double(UInt64(1) << shift))
    }

    /// By how many bits a unit shifts. No dictionary, whose type Swift looks up at run time: that takes 2 % of a start.
    private static func shift(_ unit: Substring) -> UInt64? {
        let prefixes: StaticString = "kmgt"
        var shift: UInt64 = 0
        var rest = unit.utf8
        for index in 0..<prefixes.utf8CodeUnitCount where rest.first == prefixes.utf8Start[index] {
            shift = UInt64(index + 1) * 10
            rest = rest.dropFirst()
            break
        }
        if rest.isEmpty { return shift }
        if shift > 0, rest.first == UInt8(ascii: "i") { rest = rest.dropFirst() }
        return rest.count == 1 && rest.first == UInt8(ascii: "b") ? shift : nil
    }

    /// With one decimal and a binary unit: `1.2MiB`.
    public var description: String {
        var value = Double(bytes)
        var unit = "B"
        // What would be shown as 1024.0 belongs to the next unit.
        for next in ["KiB", "MiB", "GiB", "TiB"] where value >= (unit == "B" ? 1024 : 1023.95) {
            value /= 1024
            unit = next
        }
        if unit == "B" { return "\(bytes)B" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)\(unit)"
    }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}
