import CFSCore
import CFSImages
import CFSRegistry
import Testing

@testable import CFSCore
@testable import cfs

@Suite("What is said of the disk")
struct DiskReportTests {
    private static let now: UInt64 = 1_795_508_770_000_000_000

    private func digest(_ digit: Character) -> Digest { Digest(hex: String(repeating: digit, count: 64))! }

    private var report: DiskReport {
        let image = ImageRecord(
            name: "BusyBox", digest: digest("a"), source: .offline, architecture: "amd64",
            layers: [ImageRecord.Layer(diffID: digest("1"), chainID: digest("1"), size: 100)],
            configuration: ImageRecord.Configuration(), createdAt: Self.now)
        var store = StoreUse()
        store.layers = [digest("1"): 3072, digest("9"): 1024]
        store.blobs = [digest("a"): 512, digest("b"): 512]
        store.blobsOfImages = [digest("a"): [digest("a")]]
        let record = ContainerRecord(
            id: ContainerID("0f8fad5b-d9cb-469f-a165-70867728950e")!, name: "web", image: "BusyBox",
            imageDigest: "\(digest("a"))", command: ["sh"], labels: [:], state: .exited(status: 0, reason: nil),
            createdAt: Self.now, startedAt: Self.now, finishedAt: Self.now, autoRemove: false, idBase: nil)
        let use = DiskUse(
            store, images: [image], rows: [], containers: [DiskUse.ContainerUse(record: record, size: 4096)])
        return DiskReport(use: use, now: Self.now)
    }

    @Test("a line says how much of each kind there is, and how much could go")
    func table() {
        #expect(
            report.table == """
                TYPE         TOTAL   ACTIVE   SIZE     RECLAIMABLE
                Images       1       0        3.5KiB   3.5KiB (100%)
                Containers   1       0        4.0KiB   4.0KiB (100%)
                Layers       2       1        4.0KiB   1.0KiB (25%)
                Blobs        2       1        1.0KiB   512B (50%)

                """)
    }

    @Test("the JSON has bytes")
    func json() throws {
        let layers = try #require(report.json.array?[2])
        #expect(layers == ["Type": "Layers", "TotalCount": 2, "Active": 1, "Size": 4096, "Reclaimable": 1024])
        let all = report.everything
        #expect(all["Containers"]?.array?.first?["Size"] == 4096)
        #expect(all["Layers"]?.array?.last?["Images"] == [])
        #expect(all["Images"]?.array?.first?["UniqueSize"] == 3584)
    }

    @Test("the long form lists everything")
    func lists() {
        for part in [
            "Images:\n\nIMAGE", "web", "Exited (0)", "Layers:\n\nLAYER", "999999999999   1.0KiB   -", "Blobs:",
        ] {
            #expect(report.lists.contains(part), "\(part)")
        }
    }

    @Test("a prune says what is gone, and how much came free")
    func prune() {
        var pruned = Pruned()
        #expect(PruneReport(pruned: pruned).text == "Total reclaimed space: 0B\n")
        pruned.containers = [ContainerID("0f8fad5b-d9cb-469f-a165-70867728950e")!]
        pruned.layers = [digest("1")]
        pruned.bytes = 2048
        #expect(
            PruneReport(pruned: pruned).text == """
                Deleted Containers:
                0f8fad5b-d9cb-469f-a165-70867728950e

                Deleted Layers:
                \(digest("1"))

                Total reclaimed space: 2.0KiB

                """)
        #expect(PruneReport(pruned: pruned).json["SpaceReclaimed"] == 2048)
    }

    @Test(
        "only a clear yes is a yes",
        arguments: [
            ("y\n", true), ("Yes\n", true), (" y ", true), ("\n", false), ("", false), ("no\n", false), ("yy", false),
        ])
    func answer(text: String, expected: Bool) { #expect(Confirmation.isYes(Array(text.utf8)) == expected) }
}
