import CFSModel
import TestSupport
import Testing

@testable import CFSLayers

@Suite("Reading tar archives")
struct TarReaderTests {
    private func read(
        _ bytes: [UInt8], limits: ArchiveLimits = .standard, needsEndMarker: Bool = true
    ) throws(CFSError)
        -> [(entry: ArchiveEntry, body: [UInt8])]
    { try contents(TarReader(BytesSource(bytes), limits: limits, needsEndMarker: needsEndMarker)) }

    private func read(_ build: (inout RawTar) -> Void) throws(CFSError) -> [(entry: ArchiveEntry, body: [UInt8])] {
        try read(RawTar(build).bytes)
    }

    @Test(
        "every format that GNU tar writes gives the same entries", arguments: ["v7", "ustar", "oldgnu", "gnu", "pax"])
    func formats(format: String) throws {
        let fixture = LayerFixture()
        fixture.shell(
            "mkdir -p t/d; echo hello > t/d/f; ln t/d/f t/d/h; ln -s ../x t/d/l; chmod 4750 t/d/f; touch -d @1000000000 t/d/f"
        )
        fixture.shell("cd t; tar --format=\(format) --owner=7 --group=8 --numeric-owner -cf ../in d/f d/h d/l d")
        let found = try read(fixture.bytes("in"))
        // The folder's files come again as links: GNU tar knows that it wrote them.
        #expect(found.prefix(3).map(\.entry.path) == ["d/f", "d/h", "d/l"])
        #expect(found[0].entry.kind == .file && found[0].body == Array("hello\n".utf8))
        #expect(found[0].entry.mode == 0o4750 && found[0].entry.uid == 7 && found[0].entry.gid == 8)
        #expect(found[0].entry.modified == ArchiveTime(seconds: 1_000_000_000))
        #expect(found[1].entry.kind == .hardlink("d/f"))
        #expect(found[2].entry.kind == .symlink("../x"))
        #expect(found[3].entry.kind == .directory && found[3].entry.plainPath == "d")
    }

    @Test(
        "names and targets of any length come whole", arguments: ["ustar", "gnu", "pax"], [90, 99, 100, 101, 250, 1000])
    func longNames(format: String, length: Int) throws {
        // ustar has room for 155 and 100 bytes around a slash.
        if format == "ustar" && length > 250 { return }
        let fixture = LayerFixture()
        let name = stride(from: 0, to: length, by: 50).map { String(repeating: "n", count: min(49, length - $0)) }
            .joined(separator: "/")
        let target = String(repeating: "t", count: min(length, format == "ustar" ? 100 : 1000))
        fixture.shell("mkdir -p t/$(dirname \(name)); echo x > t/\(name); ln -s \(target) t/link")
        fixture.shell("tar -C t --format=\(format) -cf in \(name) link")
        let found = try read(fixture.bytes("in"))
        #expect(found.map(\.entry.path) == [name, "link"])
        #expect(found[1].entry.kind == .symlink(ArchiveName(target)))
    }

    @Test(
        "a sparse file keeps its holes, in each of GNU's formats",
        arguments: [
            "--format=gnu", "--format=pax --sparse-version=0.0", "--format=pax --sparse-version=0.1",
            "--format=pax --sparse-version=1.0",
        ])
    func sparse(options: String) throws {
        let fixture = LayerFixture()
        // Forty areas: more than fit into GNU's old header and one block behind it.
        fixture.shell(
            "mkdir t; truncate -s 6M t/f; i=0; while [ $i -lt 40 ]; do printf \"area$i\" | "
                + "dd of=t/f bs=1 seek=$((i * 131072)) conv=notrunc 2>/dev/null; i=$((i + 1)); done")
        fixture.shell("tar -C t \(options) -S -cf in f; truncate -s 0 t/x")
        let (entry, body) = try #require(try read(fixture.bytes("in")).first)
        #expect(entry.path == "f" && entry.size == 6 << 20)
        let segments = try #require(entry.sparse)
        #expect(segments.count >= 40 && entry.bodySize == UInt64(body.count) && body.count < 1 << 20)
        var whole = [UInt8](repeating: 0, count: Int(entry.size))
        var position = 0
        for segment in segments {
            whole.replaceSubrange(
                Int(segment.offset)..<Int(segment.offset + segment.length),
                with: body[position..<position + Int(segment.length)])
            position += Int(segment.length)
        }
        #expect(whole == (try fixture.bytes("t/f")))
    }

    @Test("numbers that octal digits cannot hold come in base 256, below zero too")
    func base256() throws {
        func number(_ value: Int64, _ width: Int) -> [UInt8] {
            let bytes = (0..<width).map { UInt8(truncatingIfNeeded: $0 >= 8 ? value >> 63 : value >> (8 * $0)) }
            return [bytes[width - 1] | 0x80] + bytes.dropLast().reversed()
        }
        let found = try read {
            $0.add("a", fields: [108: number(3_000_000_000, 8), 116: number(2_097_152, 8), 136: number(-1, 12)])
            $0.add("b", Array("xy".utf8), fields: [124: number(2, 12)])
        }
        #expect(found[0].entry.uid == 3_000_000_000 && found[0].entry.gid == 2_097_152)
        #expect(found[0].entry.modified == ArchiveTime(seconds: -1))
        #expect(found[1].body == Array("xy".utf8))
        for bad in [
            number(-1, 12), [0x80] + [UInt8](repeating: 0xff, count: 11), [0xbf] + [UInt8](repeating: 0xff, count: 11),
        ] {
            #expect(failure { () throws(CFSError) in try read { $0.add("a", fields: [124: bad]) } } != nil)
        }
    }

    @Test("pax records say more than the header: names, ids, sizes, times, attributes")
    func pax() throws {
        let found = try read {
            $0.pax([
                ("path", Array("päth/\u{1F600}".utf8)), ("linkpath", Array("täget".utf8)),
                ("uid", Array("4000000000".utf8)),
                ("gid", Array("2097153".utf8)), ("mtime", Array("-1.25".utf8)), ("comment", Array("x".utf8)),
                ("SCHILY.xattr.user.a", [0, 0x0a, 0xff]), ("SCHILY.xattr.security.capability", [1]),
            ])
            $0.link("short", to: "short")
            $0.pax("size", "3")
            $0.add("sized", Array("abc".utf8), size: 0)
            $0.pax([("mtime", Array("1.123456789999".utf8)), ("path", Array("raw\u{ff}".utf8.dropLast(2)) + [0xff])])
            $0.file("plain")
        }
        #expect(found[0].entry.path == "päth/\u{1F600}" && found[0].entry.kind == .symlink("täget"))
        #expect(found[0].entry.uid == 4_000_000_000 && found[0].entry.gid == 2_097_153)
        #expect(found[0].entry.modified == ArchiveTime(seconds: -2, nanoseconds: 750_000_000))
        #expect(
            found[0].entry.attributes == [
                ExtendedAttribute(name: "user.a", value: [0, 0x0a, 0xff]),
                ExtendedAttribute(name: "security.capability", value: [1]),
            ])
        #expect(found[1].body == Array("abc".utf8))
        #expect(found[2].entry.name.bytes == Array("raw".utf8) + [0xff])
        #expect(found[2].entry.modified == ArchiveTime(seconds: 1, nanoseconds: 123_456_789))
        #expect(found[2].entry.attributes == [])
    }

    @Test("a global pax header, a volume's name and a contiguous file change nothing")
    func passedOver() throws {
        let found = try read {
            $0.pax([("path", Array("everywhere".utf8)), ("comment", Array("commit".utf8))], type: "g")
            $0.add("volume", type: "V")
            $0.add("f", type: "7", Array("x".utf8))
            $0.add("old-folder/")
            $0.add("dump/", type: "D", Array("Yfile\u{0}".utf8))
            $0.folder("d")
        }
        #expect(found.map(\.entry.path) == ["f", "old-folder/", "dump/", "d"])
        #expect(found.map(\.entry.kind) == [.file, .directory, .directory, .directory])
    }

    @Test("devices, pipes and links have no body, whatever their size says")
    func noBody() throws {
        let found = try read {
            $0.add("c", type: "3", size: 9999, fields: [329: Array("0000005".utf8), 337: Array("0000001".utf8)])
            $0.add("b", type: "4", fields: [329: Array("0007777".utf8), 337: Array("3777777".utf8)])
            $0.add("p", type: "6", size: 5)
            $0.add("l", type: "2", link: "x", size: 5)
            $0.file("end", "end")
        }
        #expect(
            found.map(\.entry.kind) == [
                .characterDevice(5, 1), .blockDevice(0xfff, 0xfffff), .fifo, .symlink("x"), .file,
            ])
        #expect(found.last?.body == Array("end".utf8))
    }

    @Test("the checksum may be one over signed bytes, as old writers made it")
    func signedChecksum() throws {
        let latin: [Int: [UInt8]] = [265: [0x6a, 0xf6, 0x72, 0x67]]
        for isSigned in [true, false] {
            let found = try read { $0.add("x", fields: latin, sumsSignedBytes: isSigned) }
            #expect(found.map(\.entry.path) == ["x"])
        }
    }

    @Test("an archive that is cut anywhere is an error, and never gives a wrong body")
    func truncated() throws {
        let whole = RawTar {
            $0.folder("d")
            $0.file("d/a", String(repeating: "a", count: 700))
            $0.pax("path", "d/" + String(repeating: "n", count: 200))
            $0.file("short", "bcd")
        }.bytes
        for length in 0..<(whole.count - 512) {
            let error = failure { () throws(CFSError) in try read(Array(whole[..<length])) }
            #expect(error?.code == .invalidArchive, "cut at \(length)")
        }
        #expect(try read(Array(whole[..<(whole.count - 512)])).count == 3)
    }

    @Test("what is shorter than a header is no archive, and nothing at all is one that ends too early")
    func noArchive() {
        let message = { (text: String) in
            failure { () throws(CFSError) in try read(Array(text.utf8)) }?.message ?? ""
        }
        #expect(message("garbage").hasPrefix("this is no tar archive"))
        #expect(message("") == "the tar archive ends too early")
    }

    @Test("without an end marker an archive is whole only for whoever knows its digest")
    func endMarker() throws {
        let open = RawTar { $0.file("a", "x") }.unended
        #expect(failure { () throws(CFSError) in try read(open) }?.message == "the tar archive ends too early")
        #expect(try read(open, needsEndMarker: false).count == 1)
        #expect(try read([], needsEndMarker: false).isEmpty)
        let header = RawTar { $0.pax("path", "x") }.unended
        #expect(failure { () throws(CFSError) in try read(header, needsEndMarker: false) }?.code == .invalidArchive)
    }

    @Test("a source that gives one byte at a time gives the same archive")
    func trickle() throws {
        let bytes = RawTar {
            $0.pax("path", "long")
            $0.file("a", String(repeating: "x", count: 1000))
            $0.file("b", "y")
        }.bytes
        let slow = try contents(TarReader(TricklingSource(bytes)))
        #expect(slow.map(\.entry) == (try read(bytes)).map(\.entry))
        #expect(slow.map(\.body) == (try read(bytes)).map(\.body))
    }

    @Test("bodies that nobody reads are passed over")
    func skipping() throws {
        let reader = TarReader(
            BytesSource(
                RawTar { tar in (1...3).forEach { tar.file("\($0)", String(repeating: "x", count: $0 * 600)) } }.bytes))
        var names: [String] = []
        while let entry = try reader.next() { names.append(entry.path) }
        #expect(names == ["1", "2", "3"])
    }

    /// A member behind one pax record.
    private static func pax(_ key: String, _ value: String) -> RawTar {
        RawTar {
            $0.pax(key, value)
            $0.add("a")
        }
    }

    /// A member behind a pax header whose bytes these are.
    private static func header(_ text: String) -> RawTar {
        RawTar {
            $0.add("pax", type: "x", Array(text.utf8))
            $0.add("a")
        }
    }

    /// A sparse file whose areas stand in its pax header.
    private static func sparse(size: Int, _ map: String, _ body: String) -> RawTar {
        RawTar {
            $0.pax([("GNU.sparse.size", Array("\(size)".utf8)), ("GNU.sparse.map", Array(map.utf8))])
            $0.file("a", body)
        }
    }

    /// A sparse file whose areas stand in front of its data.
    private static func sparseInBody(_ body: String) -> RawTar {
        RawTar {
            $0.pax([("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.realsize", Array("9".utf8))])
            $0.file("a", body)
        }
    }

    static let badArchives: [(what: String, tar: RawTar)] = [
        ("a checksum that is wrong", RawTar { $0.add("a", checksum: Array("0000001".utf8)) }),
        ("a checksum that is no number", RawTar { $0.add("a", checksum: Array("xxxxxxx".utf8)) }),
        ("an unknown type", RawTar { $0.add("a", type: "Z") }),
        ("a size that is no number", RawTar { $0.add("a", fields: [124: Array("12x".utf8)]) }),
        ("an id that the kernel takes for none", pax("uid", "4294967295")),
        ("an id below zero", pax("gid", "-1")),
        ("a size below zero", pax("size", "-1")),
        ("a time that is none", pax("mtime", "1.x")),
        ("a time without digits", pax("mtime", "")),
        ("a device number too large", RawTar { $0.add("a", type: "3", fields: [329: Array("0010000".utf8)]) }),
        ("a record longer than its header", header("99 path=x\n")),
        ("a record without a newline", header("9 path=xy")),
        ("a record without a key", header("5 abc\n")),
        ("a record of length 0", header("0 a=b\n")),
        ("a header at the end without a member", RawTar { $0.pax("path", "x") }),
        ("sparse areas that overlap", sparse(size: 9, "0,2,1,2", "abcd")),
        ("sparse areas behind the end", sparse(size: 3, "0,4", "abcd")),
        ("sparse areas that overflow", sparse(size: 9, "9223372036854775807,9223372036854775807", "ab")),
        ("sparse areas of more than the body", sparse(size: 9, "0,9", "abc")),
        ("a sparse file without a map", pax("GNU.sparse.realsize", "9")),
        ("a sparse map of odd length", sparse(size: 9, "0,1,2", "a")),
        ("a sparse map that is not in the body", sparseInBody("1")),
        ("a sparse map without end", sparseInBody(String(repeating: "7", count: 600))),
    ]

    @Test("what no archiver writes is an error")
    func malformed() {
        for (what, tar) in Self.badArchives {
            let error = failure { () throws(CFSError) in try read(tar.bytes) }
            #expect(error?.code == .invalidArchive, "\(what): \(String(describing: error))")
        }
    }

    @Test("headers and files beyond the limits are not even read")
    func limits() {
        var limits = ArchiveLimits()
        limits.extendedHeaderSize = 1000
        limits.totalBytes = 1000
        limits.sparseSegments = 3
        let bombs: [RawTar] = [
            Self.pax("comment", String(repeating: "x", count: 1000)),
            RawTar { $0.add("l", type: "L", size: 1 << 32) },
            RawTar { $0.file("big", String(repeating: "x", count: 1001)) },
            RawTar { $0.add("huge", size: 0o77777777777) },
            Self.sparse(size: 1001, "0,1", "x"),
            Self.sparse(size: 99, "0,1,2,1,4,1,6,1", "abcd"),
            Self.sparseInBody("4\n" + String(repeating: "\0", count: 510)),
        ]
        for (index, tar) in bombs.enumerated() {
            let error = failure { () throws(CFSError) in try read(tar.bytes, limits: limits) }
            #expect(error?.code == .limitExceeded, "\(index): \(String(describing: error))")
        }
    }
}
