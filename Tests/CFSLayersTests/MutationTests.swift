import CFSModel
import TestSupport
import Testing

@testable import CFSLayers

/// Numbers that look random and are the same in each run (SplitMix64).
private struct FixedRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

/// Archives with a few changed bytes: an error or entries, never a crash, never a body of another size than was said.
@Suite("Archives that were damaged")
struct MutationTests {
    private static let interesting: [UInt8] = [0, 1, 0x20, 0x2e, 0x2f, 0x30, 0x37, 0x39, 0x7f, 0x80, 0xbf, 0xff]

    private func damage(_ bytes: [UInt8], _ random: inout FixedRandom) -> [UInt8] {
        var changed = bytes
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let index = Int.random(in: 0..<changed.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: changed[index] = UInt8.random(in: 0...255, using: &random)
            case 1: changed[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: changed[index] = Self.interesting.randomElement(using: &random) ?? 0
            default:
                let length = min(Int.random(in: 1...600, using: &random), changed.count - index)
                changed.replaceSubrange(index..<(index + length), with: [])
            }
            if changed.isEmpty { return bytes }
        }
        return changed
    }

    /// Makes the checksums of all headers right again, so that the damage gets past them.
    private func mend(_ bytes: [UInt8]) -> [UInt8] {
        var mended = bytes
        for start in stride(from: 0, to: bytes.count - 511, by: 512)
        where bytes[(start + 257)...].starts(with: Array("ustar".utf8)) {
            for index in 148..<156 { mended[start + index] = 0x20 }
            let sum = String(mended[start..<(start + 512)].reduce(0) { $0 + Int($1) }, radix: 8)
            let digits = Array((String(repeating: "0", count: max(0, 6 - sum.count)) + sum + "\0").utf8)
            mended.replaceSubrange((start + 148)..<(start + 155), with: digits.prefix(7))
        }
        return mended
    }

    private var tar: [UInt8] {
        RawTar {
            $0.pax([
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)),
                ("GNU.sparse.realsize", Array("9000".utf8)),
            ])
            $0.add("sparse", Array("2\n10\n2\n4096\n1\n".utf8) + [UInt8](repeating: 0, count: 498) + [1, 2, 3])
            $0.pax([
                ("GNU.sparse.size", Array("100".utf8)), ("GNU.sparse.map", Array("0,1,50,2".utf8)),
                ("mtime", Array("-1.5".utf8)),
            ])
            $0.file("map", "abc")
            $0.add(
                "old", type: "S", Array("xyz".utf8),
                fields: [
                    386: Array("00000000001\u{0}00000000003".utf8), 483: Array("00000000011".utf8),
                    257: Array("ustar  \0".utf8),
                ])
            $0.pax([("path", Array("d/long".utf8)), ("uid", Array("70000".utf8)), ("SCHILY.xattr.user.a", [1, 2])])
            $0.file("x", String(repeating: "text", count: 200))
            $0.add("name", type: "L", Array("d/other\0".utf8))
            $0.add("y", type: "3", fields: [329: Array("0000001".utf8), 337: Array("0000003".utf8)])
            $0.link("l", to: "d/long")
            $0.hardLink("h", to: "d/long")
            $0.file("d/.wh.gone")
        }.bytes
    }

    private func check(_ reader: any EntryReader) {
        do throws(CFSError) {
            while let entry = try reader.next() {
                let body = try reader.readBody(limit: 1 << 20)
                if case .file = entry.kind { #expect(UInt64(body.count) == entry.bodySize) }
            }
        } catch {
            #expect([.invalidArchive, .limitExceeded].contains(error.code), "\(error)")
        }
    }

    @Test("tar: ten thousand damaged archives", arguments: [1, 2])
    func tar(seed: UInt64) throws {
        let whole = tar
        #expect(try contents(TarReader(BytesSource(whole))).count == 8)
        var random = FixedRandom(state: seed)
        for _ in 0..<5000 {
            let damaged = damage(whole, &random)
            check(TarReader(BytesSource(seed == 1 ? damaged : mend(damaged))))
        }
    }

    @Test("cpio: five thousand damaged archives", arguments: ["newc", "crc"])
    func cpio(format: String) throws {
        let fixture = LayerFixture()
        fixture.shell(
            "mkdir t; echo text > t/a; ln t/a t/b; ln -s a t/c; (cd t; find . | cpio -o -H \(format)) > in 2>/dev/null")
        let whole = try fixture.bytes("in")
        var random = FixedRandom(state: 3)
        for _ in 0..<2500 { check(CpioReader(BytesSource(damage(whole, &random)))) }
    }

    @Test(
        "unpacked: what is damaged is refused whole or unpacked whole",
        .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
    func unpacking() throws {
        let fixture = LayerFixture()
        let lower = try fixture.unpack(RawTar("f d/gone").bytes)
        let around = namesInFolder(fixture.folder.path)
        var random = FixedRandom(state: 4)
        for _ in 0..<500 {
            let damaged = mend(damage(tar, &random))
            do throws(CFSError) {
                let layer = try fixture.unpack(damaged, over: lower.chainID)
                #expect(Set(fixture.stored) == [lower.chainID.hex, layer.chainID.hex])
                try fixture.store.remove(layer.chainID)
            } catch {
                #expect([.invalidArchive, .limitExceeded, .unsafeLayer].contains(error.code), "\(error)")
            }
            #expect(fixture.stored == [lower.chainID.hex])
        }
        #expect(namesInFolder(fixture.folder.path) == around)
    }
}
