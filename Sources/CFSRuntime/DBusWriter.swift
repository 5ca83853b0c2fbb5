/// Values of D-Bus one behind the other, each at the boundary of its kind (D-Bus Specification, Marshaling): the kinds that a
/// service manager is asked with. The byte order is ours to choose, and each message says which it has.
struct DBusWriter {
    private(set) var bytes: [UInt8] = []

    /// Zeros up to the next boundary.
    mutating func align(_ boundary: Int) {
        while bytes.count % boundary != 0 { bytes.append(0) }
    }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func number(_ value: UInt32) {
        align(4)
        bytes += Self.littleEndian(value)
    }

    mutating func longNumber(_ value: UInt64) {
        align(8)
        bytes += Self.littleEndian(UInt32(truncatingIfNeeded: value))
        bytes += Self.littleEndian(UInt32(truncatingIfNeeded: value >> 32))
    }

    mutating func text(_ value: String) {
        number(UInt32(value.utf8.count))
        bytes += Array(value.utf8)
        bytes.append(0)
    }

    /// At most 255 bytes.
    mutating func signature(_ value: String) {
        bytes.append(UInt8(value.utf8.count))
        bytes += Array(value.utf8)
        bytes.append(0)
    }

    /// - Parameter boundary: that of an element: 8 of a structure, 4 of a number.
    mutating func array(of boundary: Int, _ fill: (inout DBusWriter) -> Void) {
        number(0)
        let place = bytes.count - 4
        // The length leaves out what stands before the first element.
        align(boundary)
        let start = bytes.count
        fill(&self)
        let size = Self.littleEndian(UInt32(bytes.count - start))
        for index in 0..<4 { bytes[place + index] = size[index] }
    }

    // MARK: Values that say what they are

    mutating func variant(_ value: String) {
        signature("s")
        text(value)
    }

    mutating func variant(_ value: Bool) {
        signature("b")
        number(value ? 1 : 0)
    }

    mutating func variant(_ value: UInt64) {
        signature("t")
        longNumber(value)
    }

    mutating func variant(_ values: [UInt32]) {
        signature("au")
        array(of: 4) { elements in
            for value in values { elements.number(value) }
        }
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        [
            UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8),
            UInt8(truncatingIfNeeded: value >> 16), UInt8(truncatingIfNeeded: value >> 24),
        ]
    }
}
