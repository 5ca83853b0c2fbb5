import CFSCore

/// Reads sizes and numbers of limits; every error names the flag, the value and what is possible.
package enum LimitSyntax {
    /// What stands for "no limit", where there can be none.
    package static let unlimited: Int64 = -1

    /// Bytes of a size as people write it: `512m`, `1.5g`; ``unlimited`` for `-1`.
    ///
    /// - Parameter least: the smallest size that makes sense. Zero never does: for Docker it is no limit, for the kernel
    ///   it is nothing at all.
    package static func bytes(_ text: String, _ flag: String, least: UInt64 = 4096) throws(CFSError) -> Int64 {
        if text == "-1" { return unlimited }
        do throws(CFSError) {
            let size = try ByteCount(text)
            if size.bytes >= least, let bytes = Int64(exactly: size.bytes) { return bytes }
        } catch {}
        throw wrong(
            flag, text, "write a size of at least \(ByteCount(least)), such as 512m or 1.5g, or -1 for no limit")
    }

    /// A whole number in a range.
    ///
    /// - Parameters:
    ///   - unit: what is counted, in the plural, for errors.
    ///   - isEndless: whether `-1` is possible too, and means no limit.
    package static func number(
        _ text: String, _ flag: String, _ range: ClosedRange<Int64>, unit: String? = nil, isEndless: Bool = false
    ) throws(CFSError) -> Int64 {
        if isEndless, text == "-1" { return unlimited }
        if let number = digits(text), range.contains(number) { return number }
        let what = unit.map { "a number of \($0)" } ?? "a number"
        throw wrong(
            flag, text,
            "write \(what) from \(range.lowerBound) to \(range.upperBound)" + (isEndless ? ", or -1 for no limit" : ""))
    }

    /// A number without a sign.
    package static func digits(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }

    package static func wrong(_ flag: String, _ text: String, _ hint: String) -> CFSError {
        CFSError(.invalidArgument, .parsing, "\(flag) does not take \"\(text)\"", hint: hint)
    }

    /// Two flags that say the same thing in two ways.
    package static func exclude(_ first: String, _ second: String, hint: String? = nil) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "\(first) and \(second) exclude each other",
            hint: hint ?? "leave one of them away")
    }
}
