import CFSCgroups
import CFSModel
import Testing

@Suite("Limits of disks")
struct IOTests {
    @Test(
        "a weight of cgroup v1 is spread over the range of v2",
        arguments: [(10, 1), (100, 910), (500, 4950), (1000, 10_000)] as [(UInt16, UInt64)])
    func weight(blkio: UInt16, weight: UInt64) throws {
        #expect(try writtenIO { $0.weight = blkio } == ["io.weight: default \(weight)"])
    }

    @Test("a disk may have a weight of its own")
    func deviceWeight() throws {
        #expect(
            try writtenIO { $0.weightDevice = [.init(major: 8, minor: 16, weight: 1000)] } == ["io.weight: 8:16 10000"])
    }

    @Test("the rates of one disk are one line, in the order in which the disks were named; zero is without limit")
    func rates() throws {
        #expect(
            try writtenIO {
                $0.throttleReadBpsDevice = [
                    .init(major: 8, minor: 0, rate: 600), .init(major: 252, minor: 0, rate: 0),
                ]
                $0.throttleWriteBpsDevice = [.init(major: 252, minor: 0, rate: 700)]
                $0.throttleReadIOPSDevice = [.init(major: 8, minor: 0, rate: 10)]
                $0.throttleWriteIOPSDevice = [.init(major: 9, minor: 1, rate: 300)]
            } == ["io.max: 8:0 rbps=600 riops=10", "io.max: 252:0 rbps=max wbps=700", "io.max: 9:1 wiops=300"])
    }

    @Test("zeros are not set")
    func zero() throws {
        #expect(
            try writtenIO {
                ($0.weight, $0.leafWeight) = (0, 0)
                $0.weightDevice = [.init(major: 8, minor: 0, weight: 0, leafWeight: 0)]
            } == [])
    }

    static let impossible: [(@Sendable (inout RuntimeSpec.BlockIO) -> Void, String)] = [
        ({ $0.weight = 9 }, "linux.resources.blockIO.weight of 9 is out of range: 10 to 1000 are possible"),
        ({ $0.weight = 1001 }, "linux.resources.blockIO.weight of 1001 is out of range"),
        ({ $0.leafWeight = 10 }, "linux.resources.blockIO.leafWeight of 10 has no counterpart in cgroup v2"),
        (
            { $0.weightDevice = [.init(major: 8, minor: 0, weight: 5)] },
            "linux.resources.blockIO.weightDevice for 8:0 of 5 is out of range"
        ),
        (
            { $0.throttleReadBpsDevice = [.init(major: -1, minor: 0, rate: 1)] },
            "linux.resources.blockIO.throttleReadBpsDevice has the device -1:0"
        ),
        (
            { $0.throttleWriteIOPSDevice = [.init(major: 8, minor: 1_048_576, rate: 1)] },
            "linux.resources.blockIO.throttleWriteIOPSDevice has the device 8:1048576"
        ),
    ]

    @Test("what cannot be is refused by its name, with what can", arguments: 0..<impossible.count)
    func refusal(index: Int) {
        let (change, message) = Self.impossible[index]
        let error = #expect(throws: CFSError.self) { try writtenIO(change) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test("typed weights are 1 to 10000")
    func typed() throws {
        #expect(try IOWeight(1).value == 1)
        #expect(try IOWeight(10_000).value == 10_000)
        for wrong in [0, 10_001] as [UInt64] {
            let error = #expect(throws: CFSError.self) { try IOWeight(wrong) }
            #expect(error?.message == "a weight of \(wrong) is out of range: 1 to 10000 are possible")
        }
    }
}
