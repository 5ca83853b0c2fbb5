import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

@Suite("Writing tar archives")
struct TarWriterTests {
    private func write(_ entries: [(entry: ArchiveEntry, body: [UInt8])]) throws(CFSError) -> [UInt8] {
        let sink = BytesSink()
        let tar = TarWriter(sink)
        for (entry, body) in entries { try tar.write(entry, body: BytesSource(body)) }
        try tar.finish()
        return sink.bytes
    }

    private static let long = [String](repeating: String(repeating: "n", count: 99), count: 10).joined(separator: "/")

    /// Everything that an entry can be; folders have the slash that readers show.
    private static let entries: [(entry: ArchiveEntry, body: [UInt8])] = [
        (
            ArchiveEntry(.directory, "d/", mode: 0o1777, uid: 1, gid: 2, modified: ArchiveTime(seconds: 1_000_000_000)),
            []
        ),
        (ArchiveEntry(.file, "d/f", mode: 0o4755, size: 5), Array("hello".utf8)),
        (ArchiveEntry(.file, "whole-block", size: 512), [UInt8](repeating: 1, count: 512)),
        (ArchiveEntry(.file, "empty"), []),
        (ArchiveEntry(.symlink("../x"), "l"), []), (ArchiveEntry(.hardlink("d/f"), "h"), []),
        (ArchiveEntry(.characterDevice(4095, 1_048_575), "c", mode: 0o666), []),
        (ArchiveEntry(.blockDevice(8, 16), "b"), []), (ArchiveEntry(.fifo, "p"), []),
        (ArchiveEntry(.file, ArchiveName(long), size: 1), [7]),
        (ArchiveEntry(.symlink(ArchiveName(long)), "long-target"), []),
        (ArchiveEntry(.hardlink(ArchiveName(long)), ArchiveName(long + "x")), []),
        (ArchiveEntry(.file, ArchiveName(String(repeating: "n", count: 100))), []),
        (ArchiveEntry(.file, ArchiveName(String(repeating: "n", count: 101))), []),
        (ArchiveEntry(.file, "umläut \u{1F600}\n="), []),
        (ArchiveEntry(.symlink(ArchiveName(bytes: [0xff, 0x0a, 0xfe])), ArchiveName(bytes: [0x80, 0x20])), []),
        (ArchiveEntry(.file, "ids", uid: 0o7777777, gid: 0o10000000), []),
        (ArchiveEntry(.file, "largest-ids", uid: .max - 1, gid: .max - 1), []),
        (ArchiveEntry(.file, "before", modified: ArchiveTime(seconds: -1)), []),
        (ArchiveEntry(.file, "just-before", modified: ArchiveTime(seconds: -1, nanoseconds: 750_000_000)), []),
        (ArchiveEntry(.file, "long-before", modified: ArchiveTime(seconds: -10_000_000_000, nanoseconds: 1)), []),
        (ArchiveEntry(.file, "exact", modified: ArchiveTime(seconds: 1, nanoseconds: 10)), []),
        (ArchiveEntry(.file, "far", modified: ArchiveTime(seconds: 0o77777777777 + 1)), []),
        (
            ArchiveEntry(
                .file, "attributes", size: 1,
                attributes: [
                    ExtendedAttribute(
                        name: "security.capability", value: [1, 0, 0, 2] + [UInt8](repeating: 0, count: 16)),
                    ExtendedAttribute(name: "user.a", value: [0, 0x0a, 255]),
                    ExtendedAttribute(name: "user.b", value: []),
                ]), [1]
        ),
        (
            ArchiveEntry(
                .file, "sparse", size: 1 << 40,
                sparse: [SparseSegment(offset: 0, length: 3), SparseSegment(offset: 1 << 39, length: 600)]),
            [UInt8](repeating: 9, count: 603)
        ),
        (
            ArchiveEntry(.file, "ends-with-data", size: 4096, sparse: [SparseSegment(offset: 4000, length: 96)]),
            [UInt8](repeating: 8, count: 96)
        ),
        (ArchiveEntry(.file, "only-hole", size: 10_000, sparse: []), []),
        (
            ArchiveEntry(.file, ArchiveName("sparse-" + long), size: 10, sparse: [SparseSegment(offset: 1, length: 1)]),
            [1]
        ),
    ]

    @Test("what is written is read back the same")
    func roundTrip() throws {
        var limits = ArchiveLimits()
        limits.totalBytes = 1 << 41
        let found = try contents(TarReader(BytesSource(write(Self.entries)), limits: limits))
        #expect(found.count == Self.entries.count)
        for (written, read) in zip(Self.entries, found) {
            #expect(read.entry == written.entry)
            #expect(read.body == written.body, "\(written.entry.path)")
        }
    }

    @Test("the same entries give the same bytes, in whole blocks")
    func deterministic() throws {
        let bytes = try write(Self.entries)
        #expect(try write(Self.entries) == bytes && bytes.count % 512 == 0)
        var entry = ArchiveEntry(
            .file, "a",
            attributes: [ExtendedAttribute(name: "user.b", value: []), ExtendedAttribute(name: "user.a", value: [])])
        let sorted = try write([(entry, [])])
        entry.attributes.reverse()
        #expect(try write([(entry, [])]) == sorted)
        // Nothing that ustar has room for costs a pax header.
        #expect(
            try write([(ArchiveEntry(.file, "plain", uid: 1000, modified: ArchiveTime(seconds: 5), size: 1), [1])])
                .count == 4 * 512)
    }

    @Test("GNU tar unpacks it as it is meant", .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
    func gnuTar() throws {
        let fixture = LayerFixture()
        let entries = Self.entries.filter { !["sparse", "far", "long-before", "largest-ids"].contains($0.entry.path) }
        try fixture.write(write(entries), to: "in")
        fixture.shell("mkdir gnu; tar -C gnu --numeric-owner --delay-directory-restore -xpf in 2>/dev/null")
        let layer = try fixture.unpack(write(entries))
        let listing = "/%P %y %m %U:%G %n %T@ %l|"
        // Folders that no entry describes have the time of now for GNU tar.
        func described(_ path: String) -> [String] {
            fixture.listing(path, listing).filter { !$0.contains(" d ") || $0.hasPrefix("/d d ") }
        }
        #expect(described(fixture.path(layer)) == described(fixture.folder("gnu")))
        #expect(
            fixture.shell("diff -r --no-dereference -x c -x b -x p gnu \(fixture.path(layer)) && echo same") == "same")
    }

    @Test("what a tar cannot hold is an error, and so is a body that is too short")
    func impossible() {
        let entries: [ArchiveEntry] = [
            ArchiveEntry(.file, ""), ArchiveEntry(.file, "a/"), ArchiveEntry(.file, "a\u{0}b"),
            ArchiveEntry(.symlink(""), "l"),
            ArchiveEntry(.file, "short", size: 3),
            ArchiveEntry(.file, "x", attributes: [ExtendedAttribute(name: "user.a=b", value: [])]),
        ]
        for entry in entries {
            #expect(
                failure { () throws(CFSError) in try write([(entry, [1])]) }?.code == .invalidArchive, "\(entry.path)")
        }
    }

    @Test("a length counts its own digits", arguments: [1, 80, 88, 89, 90, 91, 980, 987, 988, 989, 9985])
    func recordLengths(count: Int) throws {
        var writer = PaxWriter()
        writer.add("path", [UInt8](repeating: 0x61, count: count))
        let digits = String(decoding: writer.bytes.prefix { $0 != 0x20 }, as: UTF8.self)
        #expect(Int(digits) == writer.bytes.count)
        #expect(try PaxRecords(writer.bytes).path?.count == count)
    }
}
