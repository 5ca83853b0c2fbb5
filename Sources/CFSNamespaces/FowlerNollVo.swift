/// The hash FNV-1a (draft-eastlake-fnv): short, and good where nobody tries to make two inputs meet.
package enum FowlerNollVo {
    package static func sum64(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    /// 32 hexadecimal digits of the sum of 128 bits.
    static func text128(_ bytes: [UInt8]) -> String {
        let prime = UInt128(1) << 88 | 0x13b
        let start = UInt128(0x6c62_272e_07bb_0142) << 64 | 0x62b8_2175_6295_c58d
        let sum = bytes.reduce(start) { ($0 ^ UInt128($1)) &* prime }
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
