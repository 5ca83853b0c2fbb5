/// The little of an ELF file's header that tells what it runs on (elf(5)).
struct ELFHeader: Hashable, Sendable {
    /// OCI name.
    let architecture: String
    /// Whether it asks for a dynamic linker (a program header PT_INTERP).
    let isDynamic: Bool

    /// - Parameter bytes: the beginning of the file, program headers included; nil when it is no ELF file.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return nil }
        let wide = bytes[4] == 2
        let little = bytes[5] == 1
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            guard offset >= 0, offset <= bytes.count - count else { return 0 }
            let field = bytes[offset..<offset + count]
            return (little ? Array(field.reversed()) : Array(field)).reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch number(18, 2) {
        case 3: architecture = "386"
        case 8: architecture = wide ? "mips64" : "mips"
        case 20: architecture = "ppc"
        case 21: architecture = little ? "ppc64le" : "ppc64"
        case 22: architecture = "s390x"
        case 40: architecture = "arm"
        case 62: architecture = "amd64"
        case 183: architecture = "arm64"
        case 243: architecture = "riscv64"
        case 258: architecture = "loong64"
        default: architecture = "unknown"
        }
        let table = Int(truncatingIfNeeded: wide ? number(32, 8) : number(28, 4))
        let size = Int(wide ? number(54, 2) : number(42, 2))
        let count = Int(wide ? number(56, 2) : number(44, 2))
        let interpreter: UInt64 = 3
        isDynamic = (0..<count).contains { index in
            let (offset, overflow) = table.addingReportingOverflow(index * size)
            return !overflow && number(offset, 4) == interpreter
        }
    }
}
