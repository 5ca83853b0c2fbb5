import CFSModel
import Testing

@Suite("The resources of an OCI configuration")
struct RuntimeSpecResourcesTests {
    private static func read(_ text: String) throws(CFSError) -> RuntimeSpec.Resources {
        try RuntimeSpec.Resources(json: JSON(parsing: Array(text.utf8), what: "resources"))
    }

    /// A whole object with one more member in one of its parts.
    private static func whole(in place: String = "") -> String {
        func more(_ here: String) -> String { here == place ? #", "unheardOf": 1"# : "" }
        return """
            {"devices": [{"allow": false, "access": "rwm"\(more("devices[0]"))},
              {"allow": true, "type": "c", "major": 10, "minor": -1, "access": "rw"}],
             "memory": {"limit": 536870912, "reservation": 1, "swap": -1, "kernel": -1, "kernelTCP": -1,
              "swappiness": 0, "disableOOMKiller": false, "useHierarchy": true,
              "checkBeforeUpdate": true\(more("memory"))},
             "cpu": {"shares": 1024, "quota": -1, "burst": 3, "period": 500000, "realtimeRuntime": 950000,
              "realtimePeriod": 1000000, "cpus": "2-3", "mems": "0-7", "idle": 1\(more("cpu"))},
             "pids": {"limit": -1\(more("pids"))},
             "blockIO": {"weight": 10, "leafWeight": 11,
              "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300\(more("blockIO.weightDevice[0]"))}],
              "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 600}],
              "throttleWriteBpsDevice": [{"major": 8, "minor": 2, "rate": 18446744073709551615}],
              "throttleReadIOPSDevice": [{"major": 8, "minor": 3, "rate": 601}],
              "throttleWriteIOPSDevice":
               [{"major": 8, "minor": 16, "rate": 300\(more("blockIO.throttleWriteIOPSDevice[0]"))}]\(more("blockIO"))},
             "hugepageLimits": [{"pageSize": "2MB", "limit": 9223372036854772000\(more("hugepageLimits[0]"))}],
             "network": {"classID": 1048577, "priorities":
              [{"name": "eth0", "priority": 500\(more("network.priorities[0]"))}]\(more("network"))},
             "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000\(more("rdma.mlx5_1"))}, "mlx4_0": {}},
             "unified": {"memory.high": "1", "cpu.max": "max 100000"}}
            """
    }

    @Test("every field arrives where it belongs")
    func fields() throws {
        let resources = try Self.read(Self.whole())
        #expect(
            resources.devices == [
                .init(allow: false, access: "rwm"), .init(allow: true, type: "c", major: 10, minor: -1, access: "rw"),
            ])
        var memory = RuntimeSpec.Memory()
        (memory.limit, memory.reservation, memory.swap, memory.kernel, memory.kernelTCP) = (536_870_912, 1, -1, -1, -1)
        (memory.swappiness, memory.disableOOMKiller, memory.useHierarchy) = (0, false, true)
        memory.checkBeforeUpdate = true
        #expect(resources.memory == memory)
        var cpu = RuntimeSpec.CPU()
        (cpu.shares, cpu.quota, cpu.burst, cpu.period, cpu.idle) = (1024, -1, 3, 500_000, 1)
        (cpu.realtimeRuntime, cpu.realtimePeriod, cpu.cpus, cpu.mems) = (950_000, 1_000_000, "2-3", "0-7")
        #expect(resources.cpu == cpu)
        #expect(resources.pids == .init(limit: -1))
        #expect(resources.blockIO?.weight == 10)
        #expect(resources.blockIO?.leafWeight == 11)
        #expect(resources.blockIO?.weightDevice == [.init(major: 8, minor: 0, weight: 500, leafWeight: 300)])
        #expect(resources.blockIO?.throttleReadBpsDevice == [.init(major: 8, minor: 1, rate: 600)])
        #expect(resources.blockIO?.throttleWriteBpsDevice == [.init(major: 8, minor: 2, rate: .max)])
        #expect(resources.blockIO?.throttleReadIOPSDevice == [.init(major: 8, minor: 3, rate: 601)])
        #expect(resources.blockIO?.throttleWriteIOPSDevice == [.init(major: 8, minor: 16, rate: 300)])
        #expect(resources.hugepageLimits == [.init(pageSize: "2MB", limit: 9_223_372_036_854_772_000)])
        #expect(resources.network?.classID == 1_048_577)
        #expect(resources.network?.priorities == [.init(name: "eth0", priority: 500)])
        #expect(
            resources.rdma == [.init(device: "mlx5_1", hcaHandles: 3, hcaObjects: 10_000), .init(device: "mlx4_0")])
        #expect(resources.unified == [.init("memory.high", "1"), .init("cpu.max", "max 100000")])
    }

    @Test("what is written reads back as it was, and what is absent is not written")
    func roundTrip() throws {
        let resources = try Self.read(Self.whole())
        #expect(try Self.read(resources.json.text()) == resources)
        #expect(RuntimeSpec.Resources().json.text() == "{}")
        var spec = RuntimeSpec(root: .init(path: "r", readonly: false), process: .init(args: ["true"]))
        #expect(spec.json["linux"]?["resources"] == nil)
        spec.linux.resources = resources
        #expect(try RuntimeSpec(json: spec.json) == spec)
    }

    @Test(
        "an unknown field is refused by its full name, wherever it stands",
        arguments: [
            "devices[0]", "memory", "cpu", "pids", "blockIO", "blockIO.weightDevice[0]",
            "blockIO.throttleWriteIOPSDevice[0]", "hugepageLimits[0]", "network", "network.priorities[0]",
            "rdma.mlx5_1",
        ])
    func unknown(place: String) {
        let error = #expect(throws: CFSError.self) { try Self.read(Self.whole(in: place)) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix("linux.resources.\(place).unheardOf ") == true)
    }

    @Test(
        "a field of another kind is refused by its name, with what it must be",
        arguments: [
            (#"{"memory": {"limit": "1g"}}"#, "linux.resources.memory.limit must be a whole number"),
            (#"{"memory": 1}"#, "linux.resources.memory must be an object"),
            (#"{"cpu": {"shares": -1}}"#, "linux.resources.cpu.shares must be a whole number"),
            (#"{"pids": {}}"#, "linux.resources.pids.limit is missing"),
            (#"{"blockIO": {"weight": 65536}}"#, "linux.resources.blockIO.weight must be a whole number below 2^16"),
            (
                #"{"blockIO": {"weightDevice": [{"major": 8}]}}"#,
                "linux.resources.blockIO.weightDevice[0].minor is missing"
            ),
            (#"{"devices": [{"allow": true}, {}]}"#, "linux.resources.devices[1].allow is missing"),
            (#"{"hugepageLimits": [{"limit": 1}]}"#, "linux.resources.hugepageLimits[0].pageSize is missing"),
            (
                #"{"rdma": {"a": {"hcaHandles": "x"}}}"#,
                "linux.resources.rdma.a.hcaHandles must be a whole number below 2^32"
            ),
            (#"{"unified": {"memory.high": 1}}"#, "linux.resources.unified.memory.high must be a string"),
            (#"{"devices": {}}"#, "linux.resources.devices must be an array"),
        ])
    func wrong(text: String, message: String) {
        let error = #expect(throws: CFSError.self) { try Self.read(text) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message == message)
    }
}
