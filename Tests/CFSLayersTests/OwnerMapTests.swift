import CFSModel
import Testing

@testable import CFSLayers

@Suite("Owners inside and outside")
struct OwnerMapTests {
    private let map = OwnerMap(
        uids: [
            RuntimeSpec.IDRange(containerID: 0, hostID: 1000, size: 10),
            RuntimeSpec.IDRange(containerID: 50, hostID: 5, size: 1),
        ],
        gids: [RuntimeSpec.IDRange(containerID: 0, hostID: .max - 2, size: 2)])

    @Test("each line of the map counts, and nothing beside it")
    func lines() {
        #expect([1000, 1009, 5].map { map.inside(uid: $0) } == [0, 9, 50])
        #expect([999, 1010, 0, 6, .max].allSatisfy { map.inside(uid: $0) == OwnerMap.nobody })
        #expect([0, 9, 50].map { map.outside(uid: $0) } == [1000, 1009, 5])
        #expect([10, 49, 51, .max].allSatisfy { map.outside(uid: $0) == nil })
        #expect(map.inside(gid: .max - 1) == 1 && map.outside(gid: 2) == nil)
        #expect(map.root == (1000, .max - 2))
    }

    @Test("without a map both are the same")
    func identity() {
        #expect(OwnerMap.identity.inside(uid: 7) == 7 && OwnerMap.identity.outside(gid: .max) == .max)
        #expect(OwnerMap.identity.isIdentity && !map.isIdentity)
    }

    @Test("capabilities of the container's root become plain ones, and back")
    func capabilities() {
        let rest = [UInt8](1...16)
        let plain: [UInt8] = [1, 0, 0, 2] + rest
        let own: [UInt8] = [1, 0, 0, 3] + rest + [0xe8, 3, 0, 0]
        #expect(CapabilityAttribute.inside(own, map) == plain)
        #expect(CapabilityAttribute.outside(plain, map) == own)
        // Of another user of the container, of somebody outside, and what is no such attribute.
        #expect(
            CapabilityAttribute.inside([1, 0, 0, 3] + rest + [5, 0, 0, 0], map) == [1, 0, 0, 3] + rest + [50, 0, 0, 0])
        #expect(CapabilityAttribute.inside([1, 0, 0, 3] + rest + [4, 0, 0, 0], map) == nil)
        #expect(CapabilityAttribute.inside(plain, map) == plain && CapabilityAttribute.inside([1], map) == [1])
        #expect(CapabilityAttribute.outside([], map) == [] && CapabilityAttribute.outside(plain, .identity) == plain)
    }
}
