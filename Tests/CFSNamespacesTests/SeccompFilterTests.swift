import CFSModel
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("A compiled filter in a file")
struct SeccompFilterTests {
    private static let filter = SeccompFilter(bytes: [6, 0, 0, 0, 0, 0, 0xff, 0x7f, 6, 0, 0, 0, 1, 0, 5, 0], flags: 6)

    @Test("instructions and flags read back as they were written")
    func roundTrip() {
        #expect(SeccompFilter(fileBytes: Self.filter.fileBytes) == Self.filter)
        let kept = SeccompFilter.kept(in: Self.filter.fileBytes(of: [1, 2, 3]))
        #expect(kept?.filter == Self.filter && kept?.origin == [1, 2, 3])
        #expect(Self.filter.instructionCount == 2)
    }

    @Test("a byte that has changed anywhere is noticed")
    func damage() {
        for whole in [Self.filter.fileBytes, Self.filter.fileBytes(of: Array("origin".utf8))] {
            for index in whole.indices {
                var damaged = whole
                damaged[index] ^= 0x10
                #expect(SeccompFilter(fileBytes: damaged) == nil, "byte \(index)")
            }
        }
    }

    @Test("a file of an older cfs is read, and one without an origin is one that an older cfs reads")
    func older() {
        // Mark, flags, sum of flags and instructions by FNV-1a, instructions.
        let bytes = Self.filter.bytes
        let summed: [UInt8] = [6, 0, 0, 0, 0, 0, 0, 0] + bytes
        let sum = summed.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        let file =
            Array("CFSSEC1\u{0}".utf8) + summed[..<8]
            + (0..<8).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) } + bytes
        #expect(SeccompFilter(fileBytes: file) == Self.filter)
        #expect(Self.filter.fileBytes == file)
    }

    @Test("a file without an instruction is none")
    func empty() {
        #expect(SeccompFilter(fileBytes: SeccompFilter(bytes: [], flags: 0).fileBytes) == nil)
        #expect(SeccompFilter(fileBytes: []) == nil)
    }

    @Test("what is no filter is refused with the file's name and what to do")
    func foreign() {
        let folder = TemporaryDirectory()
        let path = folder.write("#!/bin/sh\necho no filter\n", to: "x.bpf")
        let error = #expect(throws: CFSError.self) { try SeccompFilter(readingFile: path) }
        #expect(error?.code == .invalidState)
        #expect(error?.path == path)
        #expect(error?.hint != nil)
    }
}
