import CFSModel
import Testing

@testable import CFSImages

@Suite("ELF headers")
struct ELFHeaderTests {
    /// A header as in elf(5), with one program header.
    private func header(wide: Bool, little: Bool = true, machine: UInt16, program: UInt32 = 1) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 256)
        func put(_ value: UInt64, at offset: Int, _ count: Int) {
            for index in 0..<count {
                bytes[offset + index] = UInt8(
                    truncatingIfNeeded: value >> UInt64(8 * (little ? index : count - 1 - index)))
            }
        }
        bytes.replaceSubrange(0..<6, with: [0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2])
        put(UInt64(machine), at: 18, 2)
        put(128, at: wide ? 32 : 28, wide ? 8 : 4)
        put(wide ? 56 : 32, at: wide ? 54 : 42, 2)
        put(1, at: wide ? 56 : 44, 2)
        put(UInt64(program), at: 128, 4)
        return bytes
    }

    @Test("the machine becomes an OCI architecture")
    func architectures() {
        #expect(ELFHeader(header(wide: false, machine: 3))?.architecture == "386")
        #expect(ELFHeader(header(wide: true, machine: 62))?.architecture == "amd64")
        #expect(ELFHeader(header(wide: true, machine: 183))?.architecture == "arm64")
        #expect(ELFHeader(header(wide: true, little: false, machine: 22))?.architecture == "s390x")
        #expect(ELFHeader(header(wide: true, machine: 9999))?.architecture == "unknown")
    }

    @Test("a program header with an interpreter means dynamic linking", arguments: [true, false])
    func dynamic(wide: Bool) {
        #expect(ELFHeader(header(wide: wide, machine: 62))?.isDynamic == false)
        #expect(ELFHeader(header(wide: wide, machine: 62, program: 3))?.isDynamic == true)
    }

    @Test("other bytes are no header, and hostile offsets do no harm")
    func hostile() {
        #expect(ELFHeader([]) == nil)
        #expect(ELFHeader(Array("#!/bin/sh\n".utf8)) == nil)
        #expect(ELFHeader([UInt8](repeating: 0x7f, count: 100)) == nil)
        var bytes = header(wide: true, machine: 62)
        for index in 32..<40 { bytes[index] = 0xff }
        for index in 54..<58 { bytes[index] = 0xff }
        #expect(ELFHeader(bytes)?.isDynamic == false)
    }
}
