import CFSModel
import TestSupport
import Testing

@testable import CFSLayers

/// Builds "newc" archives member by member.
private struct RawCpio {
    var bytes: [UInt8] = []

    mutating func add(
        _ name: String, mode: Int = 0o100644, _ body: [UInt8] = [], inode: Int = 0, links: Int = 1,
        device: (Int, Int) = (0, 0),
        uid: Int = 0, time: Int = 0, size: Int? = nil, sum: Int? = nil
    ) {
        func hex(_ value: Int) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
        let fields = [
            inode, mode, uid, 0, links, time, size ?? body.count, 0, 0, device.0, device.1, name.utf8.count + 1,
            sum ?? 0,
        ]
        bytes += Array(((sum == nil ? "070701" : "070702") + fields.map(hex).joined() + name + "\0").utf8)
        pad()
        bytes += body
        pad()
    }

    mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }
    mutating func end() { add("TRAILER!!!") }

    init(_ build: (inout RawCpio) -> Void) {
        build(&self)
        end()
    }
}

@Suite("Reading cpio archives")
struct CpioReaderTests {
    private func read(
        _ bytes: [UInt8], limits: ArchiveLimits = .standard
    ) throws(CFSError) -> [(entry: ArchiveEntry, body: [UInt8])] {
        try contents(CpioReader(BytesSource(bytes), limits: limits))
    }

    @Test("what cpio writes comes out as it was", arguments: ["newc", "crc"])
    func formats(format: String) throws {
        let fixture = LayerFixture()
        fixture.shell(
            "mkdir -p t/d; printf hello > t/d/f; ln -s ../x t/d/l; mkfifo t/p; chmod 2755 t/d; chmod 4711 t/d/f")
        fixture.shell("touch -d @1000000000 t/d/f; cd t; find d p | sort | cpio -o -H \(format) > ../in 2>/dev/null")
        let found = try read(fixture.bytes("in"))
        #expect(found.map(\.entry.path) == ["d", "d/f", "d/l", "p"])
        #expect(found.map(\.entry.kind) == [.directory, .file, .symlink("../x"), .fifo])
        #expect(found[0].entry.mode == 0o2755 && found[1].entry.mode == 0o4711)
        #expect(found[1].body == Array("hello".utf8))
        #expect(found[1].entry.modified == ArchiveTime(seconds: 1_000_000_000))
    }

    @Test("devices keep their numbers, sockets are passed over, owners stay numbers")
    func kinds() throws {
        let found = try read(
            RawCpio {
                $0.add("c", mode: 0o020600, device: (5, 1), uid: 1001)
                $0.add("b", mode: 0o060600, device: (8, 16))
                $0.add("s", mode: 0o140755)
            }.bytes)
        #expect(found.map(\.entry.kind) == [.characterDevice(5, 1), .blockDevice(8, 16)])
        #expect(found[0].entry.uid == 1001)
    }

    @Test(
        "archives behind each other are one, compressed or not, with zeros between",
        arguments: [
            "cat a b", "cat a; head -c 512 /dev/zero; cat b", "gzip < a; cat b", "cat a; gzip < b",
            "gzip < a; gzip < b",
            "xz --check=crc32 < a; zstd -q < b", "cat a; xz < b", "lzma < a; head -c 1000 /dev/zero; bzip2 < b",
            "cat a b | gzip", "(cat a; gzip < b) | cat", "cat a b; head -c 4096 /dev/zero", "cat a b | lzma",
        ])
    func concatenated(script: String) throws {
        let fixture = LayerFixture()
        fixture.shell(
            "echo 1 > one; echo 2 > two; echo one | cpio -o -H newc > a 2>/dev/null; echo two | cpio -o -H newc > b 2>/dev/null"
        )
        fixture.shell("(\(script)) > in")
        let found = try read(fixture.bytes("in"))
        #expect(found.map(\.entry.path) == ["one", "two"])
        #expect(found.map(\.body) == [Array("1\n".utf8), Array("2\n".utf8)])
    }

    @Test(
        "names of one file are hard links, wherever the archive has the body",
        arguments: ["first", "last", "each", "nowhere"])
    func links(place: String) throws {
        let body = Array("body".utf8)
        let found = try read(
            RawCpio {
                $0.add("a", place == "first" || place == "each" ? body : [], inode: 7, links: 3)
                $0.add("other", Array("x".utf8))
                $0.add("b", place == "each" ? body : [], inode: 7, links: 3)
                $0.add("c", place == "last" || place == "each" ? body : [], inode: 7, links: 3)
            }.bytes)
        let file = try #require(found.first { $0.entry.path != "other" && $0.entry.kind == .file })
        #expect(file.body == (place == "nowhere" ? [] : body))
        let links = found.filter { $0.entry.kind == .hardlink(file.entry.name) }.map(\.entry.path)
        #expect(Set(links + [file.entry.path]) == ["a", "b", "c"] && links.count == 2)
        // A link can only be made to what is there.
        let order = found.map(\.entry.path)
        #expect(
            try links.allSatisfy {
                try #require(order.firstIndex(of: $0)) > #require(order.firstIndex(of: file.entry.path))
            })
    }

    @Test("inode numbers of one archive mean nothing in the next")
    func inodesBeginAnew() throws {
        let first = RawCpio { $0.add("a", Array("1".utf8), inode: 7, links: 2) }.bytes
        let second = RawCpio { $0.add("b", Array("2".utf8), inode: 7, links: 2) }.bytes
        #expect(try read(first + second).map(\.entry.kind) == [.file, .file])
    }

    @Test("an archive that is cut anywhere before its end is an error")
    func truncated() throws {
        let whole = RawCpio {
            $0.add("d", mode: 0o040755)
            $0.add("d/file", Array("some text".utf8))
            $0.add("l", mode: 0o120777, Array("d/file".utf8))
        }.bytes
        for length in 0..<whole.count - 1 {
            #expect(
                failure { () throws(CFSError) in try read(Array(whole[..<length])) }?.code == .invalidArchive,
                "cut at \(length)")
        }
        #expect(try read(whole).count == 3)
    }

    @Test("one byte at a time gives the same archive")
    func trickle() throws {
        let bytes = RawCpio {
            $0.add("a", Array(repeating: 0x61, count: 300), inode: 3, links: 2)
            $0.add("b", inode: 3, links: 2)
        }.bytes
        #expect(try contents(CpioReader(TricklingSource(bytes))).map(\.entry) == read(bytes).map(\.entry))
    }

    @Test("what is no such archive is an error")
    func malformed() {
        let good = RawCpio { $0.add("a", Array("x".utf8)) }.bytes
        let shapes: [(String, [UInt8])] = [
            ("nothing", []), ("zeros", [UInt8](repeating: 0, count: 1024)),
            ("text", Array("hello, world, this is text".utf8)),
            ("the old binary format", [0xc7, 0x71] + [UInt8](repeating: 1, count: 100)),
            ("bytes behind the end", good + Array("garbage".utf8)),
            ("a field that is no number", Array("070701".utf8) + [UInt8](repeating: 0x67, count: 104)),
            ("an unknown type", RawCpio { $0.add("a", mode: 0o170644) }.bytes),
            ("a link without a target", RawCpio { $0.add("a", mode: 0o120777) }.bytes),
            ("a wrong sum", RawCpio { $0.add("a", Array("xyz".utf8), sum: 1) }.bytes),
        ]
        for (what, bytes) in shapes {
            let error = failure { () throws(CFSError) in try read(bytes) }
            #expect(error?.code == .invalidArchive, "\(what): \(String(describing: error))")
        }
    }

    @Test("a right sum is right, and names beyond the limit are refused before they are read")
    func sumsAndLimits() throws {
        #expect(try read(RawCpio { $0.add("a", [1, 2, 255], sum: 258) }.bytes).map(\.body) == [[1, 2, 255]])
        let long = RawCpio { $0.add(String(repeating: "n", count: 4096)) }.bytes
        #expect(failure { () throws(CFSError) in try read(long) }?.code == .limitExceeded)
    }

    @Test(
        "TinyCore's own image is read to its end",
        .enabled(if: RealImage.tinyCore.isThere, Comment(rawValue: RealImage.tinyCore.missing)))
    func tinyCore() throws {
        let found = try contents(CpioReader(try FileSource(path: RealImage.tinyCore.path)))
        let busybox = try #require(found.first { $0.entry.plainPath == "bin/busybox" })
        #expect(
            busybox.body.starts(with: [0x7f, 0x45, 0x4c, 0x46]) && UInt64(busybox.body.count) == busybox.entry.size)
        #expect(found.contains { $0.entry.plainPath == "dev/fd" && $0.entry.kind == .symlink("/proc/self/fd") })
    }
}
