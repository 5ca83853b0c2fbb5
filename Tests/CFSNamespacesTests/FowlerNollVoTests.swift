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
}
