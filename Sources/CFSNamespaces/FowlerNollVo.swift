/// The hash FNV-1a (draft-eastlake-fnv): short, and good where nobody tries to make two inputs meet.
package enum FowlerNollVo {
    package static func sum64(_ bytes: [UInt8]) -> UInt64 { sum64(bytes[...]) }

    static func sum64(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
}
