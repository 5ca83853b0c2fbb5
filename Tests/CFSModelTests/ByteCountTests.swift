import CFSModel
import Testing

@Suite("Sizes as people write them")
struct ByteCountTests {
    @Test(
        "a number with a unit is read in binary multiples",
        arguments: [
            ("512", 512), ("0", 0), ("64k", 65_536), ("64K", 65_536), ("512m", 536_870_912), ("1.5g", 1_610_612_736),
            ("2GiB", 2_147_483_648), ("1t", 1_099_511_627_776), ("7b", 7), ("3kb", 3072), ("0.5k", 512), (".5k", 512),
        ] as [(String, UInt64)])
    func reads(text: String, bytes: UInt64) throws {
        #expect(try ByteCount(text).bytes == bytes)
    }

    @Test(
        "what is no size is refused, and the error shows how to write one",
        arguments: [
            "", "k", "m5", "-1", "1.2.3", "5x", "1 g", " 5", "5 ", "١", "1e3", "0x10", "20000000t", "nan", "inf", ".",
        ])
    func refuses(text: String) {
        let error = #expect(throws: CFSError.self) { try ByteCount(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.hint?.contains("512m") == true)
    }

    @Test(
        "a size is shown with one decimal and the unit that fits",
        arguments: [
            (0, "0B"), (1023, "1023B"), (1024, "1.0KiB"), (1_258_291, "1.2MiB"), (1_610_612_736, "1.5GiB"),
            (1_099_511_627_776, "1.0TiB"), (UInt64.max, "16777216.0TiB"),
        ] as [(UInt64, String)])
    func shows(bytes: UInt64, text: String) {
        #expect(ByteCount(bytes).description == text)
    }

    @Test("sizes are ordered by their bytes")
    func order() {
        #expect(ByteCount(1023) < ByteCount(1024))
        #expect(!(ByteCount(5) < ByteCount(5)))
    }
}
