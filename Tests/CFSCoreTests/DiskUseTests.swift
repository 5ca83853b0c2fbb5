import CFSImages
import CFSModel
import CFSRegistry
import Testing

@testable import CFSCore

@Suite("The sum of what lies on the disk")
struct DiskUseTests {
    private func digest(_ digit: Character) -> Digest { Digest(hex: String(repeating: digit, count: 64))! }

    private func image(_ name: String, _ digit: Character, layers: String) -> ImageRecord {
        ImageRecord(
            name: name, digest: digest(digit), source: .imported, architecture: "amd64",
            layers: layers.map { ImageRecord.Layer(diffID: digest($0), chainID: digest($0), size: 1) },
            configuration: ImageRecord.Configuration(), createdAt: 1)
    }

    private func row(_ image: Character, layers: String) -> ContainerRow {
        ContainerRow(
            id: ContainerID(), name: "c", slot: nil, image: "x", imageDigest: digest(image),
            layers: layers.map { digest($0) }, command: ["sh"], labels: [:], createdAt: 1, autoRemove: false)
    }

    private func container(_ state: ContainerRecord.State, _ size: UInt64) -> DiskUse.ContainerUse {
        let record = ContainerRecord(
            id: ContainerID(), name: "c", image: "x", imageDigest: "", command: ["sh"], labels: [:], state: state,
            createdAt: 1, startedAt: nil, finishedAt: nil, autoRemove: false, idBase: nil)
        return DiskUse.ContainerUse(record: record, size: size)
    }

    /// Two images on a base of 1000 bytes; 4 is a layer of a removed image that a container has, 5 is nobody's.
    private var store: StoreUse {
        var store = StoreUse()
        store.layers = [
            digest("1"): 1000, digest("2"): 200, digest("3"): 30, digest("4"): 4, digest("5"): 5,
        ]
        store.blobs = [digest("a"): 10, digest("b"): 20, digest("c"): 40]
        store.blobsOfImages = [digest("a"): [digest("a")], digest("b"): [digest("b")]]
        return store
    }
    private var images: [ImageRecord] { [image("one", "a", layers: "12"), image("two", "b", layers: "13")] }

    @Test("a shared layer counts once, and is not reclaimable while an active image needs it")
    func sharedLayer() throws {
        let use = DiskUse(store, images: images, rows: [row("a", layers: "12"), row("f", layers: "4")], containers: [])
        #expect(use.imageSummary == DiskUse.Summary(total: 2, active: 1, size: 1260, reclaimable: 50))
        #expect(use.images.map(\.size) == [1210, 1050] && use.images.map(\.shared) == [1000, 1000])
        #expect(use.images.map(\.containers) == [1, 0])
    }

    @Test("of an image with several names, that one is active which containers were made with")
    func severalNames() {
        let images = [image("first", "a", layers: "12"), image("x", "a", layers: "12")]
        let use = DiskUse(store, images: images, rows: [row("a", layers: "12")], containers: [])
        #expect(use.images.map(\.containers) == [0, 1])
        #expect(use.imageSummary == DiskUse.Summary(total: 2, active: 1, size: 1210, reclaimable: 0))
    }

    @Test("without containers all images are reclaimable")
    func unused() {
        let use = DiskUse(store, images: images, rows: [], containers: [])
        #expect(use.imageSummary.reclaimable == use.imageSummary.size)
    }

    @Test("a layer is needed by an image or a container, a blob by an image")
    func stored() throws {
        let use = DiskUse(store, images: images, rows: [row("f", layers: "4")], containers: [])
        #expect(use.layerSummary == DiskUse.Summary(total: 5, active: 4, size: 1239, reclaimable: 5))
        #expect(use.blobSummary == DiskUse.Summary(total: 3, active: 2, size: 70, reclaimable: 40))
        #expect(use.layers[0].images == ["one", "two"] && use.layers[3].containers == 1)
    }

    @Test("what a damaged image needs is unknown: no blob is reclaimable then")
    func damaged() {
        var store = store
        store.blobsOfImages[digest("b")] = nil
        #expect(DiskUse(store, images: images, rows: [], containers: []).blobSummary.reclaimable == 0)
    }

    @Test("what running containers wrote stays")
    func containers() {
        let use = DiskUse(
            StoreUse(), images: [], rows: [],
            containers: [
                container(.running(pid: 1), 100), container(.exited(status: 0, reason: nil), 20),
                container(.created, 3),
            ])
        #expect(use.containerSummary == DiskUse.Summary(total: 3, active: 1, size: 123, reclaimable: 23))
    }
}
