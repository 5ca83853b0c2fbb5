/// Reads the kernel's `key value` lines in place, without a string for any of them.
struct KeyedLines {
    private var rest: UnsafeRawBufferPointer

    init(_ text: UnsafeRawBufferPointer) { rest = text }

    struct Line {
        fileprivate let key: UnsafeRawBufferPointer
        let value: UInt64

        func hasKey(_ name: StaticString) -> Bool { key.equals(name) }
    }

    /// The next line whose second word is a whole number; others are passed over.
    mutating func next() -> Line? {
        while !rest.isEmpty {
            var words = Words(Self.takeLine(&rest))
            if let key = words.next(), let word = words.next(), let value = word.number {
                return Line(key: key, value: value)
            }
        }
        return nil
    }

    /// Takes the text up to the next line feed off the front.
    static func takeLine(_ rest: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let end = rest.firstIndex(of: 0x0a) ?? rest.endIndex
        let line = UnsafeRawBufferPointer(rebasing: rest[..<end])
        rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.endIndex)...])
        return line
    }
}

/// The words of one line, split at spaces.
struct Words {
    private var rest: UnsafeRawBufferPointer

    init(_ line: UnsafeRawBufferPointer) { rest = line }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard let start = rest.firstIndex(where: { $0 != 0x20 && $0 != 0x0a }) else { return nil }
        let end = rest[start...].firstIndex(where: { $0 == 0x20 || $0 == 0x0a }) ?? rest.endIndex
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[end...]) }
        return UnsafeRawBufferPointer(rebasing: rest[start..<end])
    }
}

extension UnsafeRawBufferPointer {
    func equals(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != name.utf8Start[index] { return false }
        return true
    }

    func begins(with name: StaticString) -> Bool {
        count >= name.utf8CodeUnitCount
            && UnsafeRawBufferPointer(rebasing: self[..<name.utf8CodeUnitCount]).equals(name)
    }

    /// A whole number in digits; nil for anything else, and when it is too large.
    var number: UInt64? {
        guard !isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in self {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// What stands behind a word's `=`.
    func value(of key: StaticString) -> UnsafeRawBufferPointer? {
        let length = key.utf8CodeUnitCount
        guard count > length, self[length] == 0x3d, begins(with: key) else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[(length + 1)...])
    }

    /// A number with two decimals, in hundredths: `12.34` is 1234.
    var hundredths: UInt64? {
        guard let dot = firstIndex(of: 0x2e), count - dot == 3,
            let whole = UnsafeRawBufferPointer(rebasing: self[..<dot]).number,
            let part = UnsafeRawBufferPointer(rebasing: self[(dot + 1)...]).number
        else { return nil }
        return whole * 100 + part
    }
}
