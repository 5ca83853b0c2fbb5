import CFSCgroups
import CFSModel
import Testing

@testable import CFSCore

@Suite("The limits that follow from a request")
struct RequestedResourcesTests {
    private static func resources(
        devices: [RuntimeSpec.Device] = [], _ change: (inout ContainerSpec) -> Void
    ) -> RuntimeSpec.Resources {
        var spec = ContainerSpec(image: "sample")
        change(&spec)
        return RequestedResources.of(spec, devices: devices)
    }

    @Test("nothing asked is nothing limited, so that a host without controllers runs it")
    func nothing() throws {
        #expect(Self.resources { _ in } == RuntimeSpec.Resources())
        try RequestedResources.check(RuntimeSpec.Resources(), nil)
    }

    @Test("the configuration has 4,096 processes all the same")
    func processes() throws {
        #expect(try ContainerPlanTests.configuration().linux.resources?.pids?.limit == 4096)
        let asked = try ContainerPlanTests.configuration { $0.resources.pids = RuntimeSpec.Pids(limit: 7) }
        #expect(asked.linux.resources?.pids?.limit == 7)
    }

    @Test("with a limit of memory comes as much swap, unless something is said of it")
    func swap() {
        let memory = { (limit: Int64?, swap: Int64?) in
            Self.resources {
                $0.resources.memory = RuntimeSpec.Memory()
                $0.resources.memory?.limit = limit
                $0.resources.memory?.swap = swap
            }.memory?.swap
        }
        let followed = memory(100, nil)
        #expect(followed == 200)
        let said = memory(100, 150)
        #expect(said == 150)
        let without = memory(-1, nil)
        #expect(without == nil)
        let huge = memory(.max, nil)
        #expect(huge == -1)
    }

    @Test("devices are filtered where a container could make nodes, or gets one for reading alone")
    func devices() {
        let null = RuntimeSpec.Device(type: "c", path: "/dev/x", major: 1, minor: 3, fileMode: 0o666)
        let request = DeviceRequest(source: "/dev/null", target: "/dev/x", access: "r")
        let plain = Self.resources(devices: [null]) {
            $0.devices = [DeviceRequest(source: "/dev/null", target: "/dev/x")]
        }
        #expect(plain.devices == [])
        let reading = Self.resources(devices: [null]) { $0.devices = [request] }
        #expect(
            reading.devices == [
                RuntimeSpec.DeviceRule(allow: false, access: "rwm"),
                RuntimeSpec.DeviceRule(allow: true, type: "c", major: 1, minor: 3, access: "r"),
            ])
        let host = Self.resources { $0.namespaces.user = .host }
        #expect(host.devices == [RuntimeSpec.DeviceRule(allow: false, access: "rwm")])
        let privileged = Self.resources {
            $0.namespaces.user = .host
            $0.privileged = true
        }
        #expect(privileged.devices == [])
        let more = RuntimeSpec.DeviceRule(allow: true, type: "c", major: 10, minor: 229, access: "rw")
        let ruled = Self.resources(devices: [null]) {
            $0.devices = [request]
            $0.resources.devices = [more]
        }
        #expect(ruled.devices.last == more)
        #expect(ruled.devices.count == 3)
    }

    @Test("a limit on a host without cgroup v2 is an error that says so")
    func noHierarchy() {
        var limits = RuntimeSpec.Resources()
        limits.cpu = RuntimeSpec.CPU()
        limits.cpu?.quota = 50_000
        let error = #expect(throws: CFSError.self) { try RequestedResources.check(limits, nil) }
        #expect(error?.code == .cgroupControllerUnavailable)
    }

    @Test("limits that contradict each other are named as the flags that people write")
    func contradiction() {
        var limits = RuntimeSpec.Resources()
        limits.memory = RuntimeSpec.Memory()
        limits.memory?.limit = 64 << 20
        limits.memory?.swap = 32 << 20
        let error = #expect(throws: CFSError.self) { try RequestedResources.check(limits, nil) }
        #expect(error?.message.contains("--memory-swap") == true)
        #expect(error?.message.contains("--memory of 64.0MiB") == true)
    }
}
