import Testing

@testable import CFSNamespaces

@Suite("Maps of ids")
struct IDMappingTests {
    private static let maps = [
        IDMapping(container: 0, host: 100_000, size: 1000), IDMapping(container: 5000, host: 7, size: 1),
        IDMapping(container: 4_294_967_290, host: 200_000, size: 5),
    ]

    @Test("the text is what the kernel takes, a line a range")
    func text() {
        #expect(Self.maps.mapText == "0 100000 1000\n5000 7 1\n4294967290 200000 5\n")
        #expect([IDMapping]().mapText == "")
    }

    @Test("an id inside a range has the host's, at both ends of it; others have none")
    func mapping() {
        let ids: [(UInt32, UInt32?)] = [
            (0, 100_000), (999, 100_999), (1000, nil), (4999, nil), (5000, 7), (5001, nil), (4_294_967_289, nil),
            (4_294_967_290, 200_000), (4_294_967_294, 200_004), (4_294_967_295, nil),
        ]
        for (id, host) in ids { #expect(Self.maps.hostID(of: id) == host, "\(id)") }
    }

    @Test("without a map both sides count alike")
    func identity() {
        #expect([IDMapping]().hostID(of: 12) == 12)
    }
}
