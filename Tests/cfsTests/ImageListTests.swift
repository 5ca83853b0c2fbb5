import CFSCore
import Testing

@testable import CFSCore
@testable import cfs

@Suite("The list of images")
struct ImageListTests {
    private static let now: UInt64 = 1_795_508_770_000_000_000

    private func digest(_ digit: Character) -> Digest { Digest(hex: String(repeating: digit, count: 64))! }

    private func image(_ name: String, _ digit: Character, layers: [(Character, UInt64)]) -> ImageRecord {
        ImageRecord(
            name: name, digest: digest(digit), source: .offline, architecture: "amd64",
            layers: layers.map { ImageRecord.Layer(diffID: digest($0.0), chainID: digest($0.0), size: $0.1) },
            configuration: ImageRecord.Configuration(), createdAt: Self.now - 3_600_000_000_000)
    }

    private var list: ImageList {
        let images = [
            image("BusyBox", "a", layers: [("1", 1 << 20)]),
            image("TinyCore", "b", layers: [("1", 1 << 20), ("2", 512)]),
        ]
        let layers = [
            LayerUse(chainID: digest("1"), size: 1 << 20, images: ["BusyBox", "TinyCore"]),
            LayerUse(chainID: digest("2"), size: 512, images: ["TinyCore"]),
        ]
        return ImageList(images, layers: layers, now: Self.now, isFull: false)
    }

    @Test("the table shows what images share")
    func table() {
        #expect(
            list.table == """
                NAME       ID             SOURCE    ARCH    SIZE     SHARED   CREATED
                BusyBox    aaaaaaaaaaaa   offline   amd64   1.0MiB   1.0MiB   About an hour ago
                TinyCore   bbbbbbbbbbbb   offline   amd64   1.0MiB   1.0MiB   About an hour ago

                """)
    }

    @Test("those of a name only: without a tag of every one, with one of that")
    func named() {
        func names(_ name: String) -> [String] {
            var list = ImageList(
                ["web", "web:2", "web-old", "host:5000/web"].map { image($0, "a", layers: []) }, layers: [],
                now: Self.now,
                isFull: false)
            list.absent = [CatalogueItem(name: "TinyCore", description: "x", isPresent: false, hasUpstream: false)]
            list.narrow(to: name)
            return list.json.array?.compactMap { $0["Name"]?.string } ?? []
        }
        #expect(names("web") == ["web", "web:2"])
        #expect(names("web:2") == ["web:2"] && names("web:latest") == ["web"])
        #expect(names("host:5000/web") == ["host:5000/web"] && names("TinyCore") == ["TinyCore"])
        #expect(names("we").isEmpty && names("Web").isEmpty)
    }

    @Test("images of the catalogue can be listed before they are here")
    func absent() {
        var list = list
        list.absent = [CatalogueItem(name: "SlitazOS", description: "small", isPresent: false, hasUpstream: true)]
        #expect(list.table.split(separator: "\n").last?.hasPrefix("SlitazOS   -              catalogue") == true)
        let object = list.json.array?.last
        #expect(object?["Present"] == false && object?["HasUpstream"] == true && object?["Name"] == "SlitazOS")
        #expect(list.ids == "aaaaaaaaaaaa\nbbbbbbbbbbbb\n")
    }

    @Test("the JSON has sizes in bytes")
    func json() throws {
        let object = try #require(list.json.array?.last)
        #expect(object["Size"] == .integer((1 << 20) + 512) && object["SharedSize"] == .integer(1 << 20))
        #expect(object["ID"] == .string("\(digest("b"))") && object["CreatedAt"] == "2026-11-24T07:26:10.000000000Z")
    }

    @Test("an image that has come is named with its size")
    func note() {
        let one = image("BusyBox", "a", layers: [("1", 1 << 20)])
        #expect(ImageNote.text(one, isQuiet: false) == "BusyBox  aaaaaaaaaaaa  (1.0MiB, 1 layer)\n")
        #expect(ImageNote.text(one, isQuiet: true) == "\(digest("a"))\n")
    }
}
