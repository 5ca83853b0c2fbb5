/// Fills the 512 bytes of a ustar header (POSIX.1-1988). Numbers are octal; those that do not fit stay zero.
struct TarHeaderWriter {
    static let nameSize = 100
    private var block = [UInt8](repeating: 0, count: TarHeader.size)

    init() {
        put(Array("ustar".utf8), at: 257, size: 6)
        put(Array("00".utf8), at: 263, size: 2)
        for (offset, size) in [(100, 8), (108, 8), (116, 8), (124, 12), (136, 12), (329, 8), (337, 8)] {
            _ = put(0, at: offset, size: size)
        }
    }

    /// What is longer is cut: then a pax record has the whole.
    mutating func set(name: [UInt8]) { put(name, at: 0, size: Self.nameSize) }
    mutating func set(linkName: [UInt8]) { put(linkName, at: 157, size: Self.nameSize) }
    mutating func set(mode: UInt32) { _ = put(UInt64(mode), at: 100, size: 8) }
    mutating func set(uid: UInt64) -> Bool { put(uid, at: 108, size: 8) }
    mutating func set(gid: UInt64) -> Bool { put(gid, at: 116, size: 8) }
    mutating func set(size: UInt64) -> Bool { put(size, at: 124, size: 12) }
    mutating func set(modified: UInt64) -> Bool { put(modified, at: 136, size: 12) }

    mutating func set(type kind: ArchiveEntry.Kind) {
        switch kind {
        case .file: block[156] = 0x30
        case .hardlink: block[156] = 0x31
        case .symlink: block[156] = 0x32
        case .characterDevice(let major, let minor): setDevice(0x33, major, minor)
        case .blockDevice(let major, let minor): setDevice(0x34, major, minor)
        case .directory: block[156] = 0x35
        case .fifo: block[156] = 0x36
        }
    }

    /// Marks the header of pax records for the member that follows.
    mutating func setExtended() { block[156] = TarPendingHeaders.Kind.pax.rawValue }

    /// The header with its checksum.
    var finished: [UInt8] {
        var bytes = block
        for index in 148..<156 { bytes[index] = 0x20 }
        let sum = bytes.reduce(0) { $0 + UInt64($1) }
        var copy = self
        _ = copy.put(sum, at: 148, size: 7)
        copy.block[155] = 0x20
        return copy.block
    }

    private mutating func setDevice(_ type: UInt8, _ major: UInt32, _ minor: UInt32) {
        block[156] = type
        // The kernel's 12 and 20 bits fit.
        _ = put(UInt64(major), at: 329, size: 8)
        _ = put(UInt64(minor), at: 337, size: 8)
    }

    private mutating func put(_ text: [UInt8], at offset: Int, size: Int) {
        for (index, byte) in text.prefix(size).enumerated() { block[offset + index] = byte }
    }

    /// Octal digits with zeros in front and one zero byte behind.
    private mutating func put(_ number: UInt64, at offset: Int, size: Int) -> Bool {
        let digits = Array(String(number, radix: 8).utf8)
        guard digits.count < size else { return false }
        put([UInt8](repeating: 0x30, count: size - 1 - digits.count) + digits, at: offset, size: size - 1)
        return true
    }
}
