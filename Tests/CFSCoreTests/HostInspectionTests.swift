import CFSModel
import CFSMonitor
import Testing

@testable import CFSCore

@Suite("What inspect says of a container's host")
struct HostInspectionTests {
    private static func host(
        _ resources: RuntimeSpec.Resources? = nil, _ change: (inout MonitorRequest) -> Void = { _ in }
    ) throws -> HostInspection {
        var spec = try ContainerPlanTests.configuration()
        if let resources { spec.linux.resources = resources }
        var request = MonitorRequest(id: ContainerID(), spec: spec, layers: [])
        change(&request)
        return HostInspection(request: request)
    }

    @Test("without limits their numbers are zero, as users of Docker know it")
    func unlimited() throws {
        let host = try Self.host(RuntimeSpec.Resources()).json
        for name in ["Memory", "MemoryReservation", "MemorySwap", "NanoCpus", "CpuShares", "PidsLimit", "BlkioWeight"] {
            #expect(host[name] == 0, "\(name)")
        }
        #expect(host["BlkioDeviceWriteBps"] == [])
        #expect(host["CpusetCpus"] == "" && host["NetworkMode"] == "none")
    }

    @Test("limits in bytes and in billionths of a processor")
    func limits() throws {
        var resources = RuntimeSpec.Resources()
        resources.memory = RuntimeSpec.Memory()
        resources.memory?.limit = 64 << 20
        resources.memory?.swap = 128 << 20
        resources.cpu = RuntimeSpec.CPU()
        resources.cpu?.quota = 150_000
        resources.cpu?.cpus = "0-1"
        resources.pids = RuntimeSpec.Pids(limit: 7)
        resources.blockIO = RuntimeSpec.BlockIO()
        resources.blockIO?.weight = 300
        resources.blockIO?.throttleReadIOPSDevice = [RuntimeSpec.ThrottleDevice(major: 8, minor: 16, rate: 50)]
        let host = try Self.host(resources).json
        #expect(host["BlkioWeight"] == 300 && host["BlkioDeviceReadIOps"] == [["Path": "/dev/block/8:16", "Rate": 50]])
        #expect(host["Memory"] == 67_108_864 && host["MemorySwap"] == 134_217_728)
        #expect(host["NanoCpus"] == 1_500_000_000 && host["CpusetCpus"] == "0-1" && host["PidsLimit"] == 7)
    }

    @Test("a quota without end, and one for no time, are no limit and no crash", arguments: [-1, 0, Int64.max])
    func quota(value: Int64) throws {
        var resources = RuntimeSpec.Resources()
        resources.cpu = RuntimeSpec.CPU()
        resources.cpu?.quota = value
        resources.cpu?.period = 0
        #expect(try Self.host(resources).json["NanoCpus"] == 0)
    }

    @Test("the size of /dev/shm is in bytes, also as an older container's configuration has it")
    func sharedMemory() throws {
        #expect(try Self.host().json["ShmSize"] == 67_108_864)
        let asked = try Self.host { request in
            request.spec.mounts = MountConfiguration.kernelFileSystems(access: "ro", sharedMemory: ByteCount(4096))
        }
        #expect(asked.json["ShmSize"] == 4096 && asked.mounts == [])
        #expect(try Self.host { $0.spec.mounts = [] }.json["ShmSize"] == 0)
    }

    @Test("groups that were added are told as they were asked for")
    func groups() throws {
        #expect(try Self.host().json["GroupAdd"] == [])
        #expect(try Self.host { $0.groups = ["audio", "29"] }.json["GroupAdd"] == ["audio", "29"])
    }

    @Test("what was asked for of names and rates is told, and empty or zero without")
    func networking() throws {
        let plain = try Self.host().json
        for name in ["Dns", "DnsSearch", "DnsOptions", "ExtraHosts"] { #expect(plain[name] == [], "\(name)") }
        for name in ["NetworkRate", "NetworkIngressRate", "NetworkBurst"] { #expect(plain[name] == 0, "\(name)") }
        var settings = NetworkSettings()
        settings.resolver.servers = [IPAddress("9.9.9.9")!, IPAddress("fd00::53")!]
        settings.resolver.search = []
        settings.resolver.options = ["ndots:2"]
        settings.resolver.hosts = [
            ResolverChoices.HostEntry(name: "db", address: IPAddress("10.1.0.9")),
            ResolverChoices.HostEntry(name: "here", address: nil),
        ]
        (settings.rates.egress, settings.rates.ingress, settings.rates.burst) = (20_000_000, 8_000_000, 65_536)
        let asked = try Self.host { $0.network = settings }.json
        #expect(asked["Dns"] == ["9.9.9.9", "fd00::53"] && asked["DnsSearch"] == ["."])
        #expect(asked["DnsOptions"] == ["ndots:2"] && asked["ExtraHosts"] == ["db:10.1.0.9", "here:host-gateway"])
        #expect(asked["NetworkRate"] == 20_000_000 && asked["NetworkIngressRate"] == 8_000_000)
        #expect(asked["NetworkBurst"] == 65_536 && asked["Memory"] == 0)
        settings.resolver.search = ["example.org"]
        let searching = try Self.host { $0.network = settings }.json
        #expect(searching["DnsSearch"] == ["example.org"])
    }

    @Test("the namespace of the network says whose it is")
    func network() throws {
        let other = ContainerID()
        let joined = try Self.host { $0.joins = [MonitorRequest.Join(kind: "network", container: other)] }
        #expect(joined.json["NetworkMode"] == .string("container:\(other.text)"))
        let shared = try Self.host { $0.spec.linux.namespaces.removeAll { $0.type == "network" } }
        #expect(shared.json["NetworkMode"] == "host")
    }
}
