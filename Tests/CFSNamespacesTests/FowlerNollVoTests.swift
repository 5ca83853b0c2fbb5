import Testing

@testable import CFSNamespaces

@Suite("The hash FNV-1a")
struct FowlerNollVoTests {
    // Vectors of draft-eastlake-fnv, appendix C, and of the authors' test program.
    @Test(
        "sums of 64 bits are those of the published vectors",
        arguments: [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
            as [(String, UInt64)])
    func short(text: String, sum: UInt64) {
        #expect(FowlerNollVo.sum64(Array(text.utf8)) == sum)
    }

    @Test(
        "sums of 128 bits are those of the published vectors",
        arguments: [
            ("", "6c62272e07bb014262b821756295c58d"), ("a", "d228cb696f1a8caf78912b704e4a8964"),
            ("foobar", "343e1662793c64bf6f0d3597ba446f18"),
        ])
    func long(text: String, sum: String) {
        #expect(FowlerNollVo.text128(Array(text.utf8)) == sum)
    }
}
