import CFSModel
import Glibc
import Testing

@testable import CFSNamespaces

@Suite("The devices of a plan")
struct LaunchPlanDevicesTests {
    private static func nodes(_ devices: [RuntimeSpec.Device]) throws(CFSError) -> [DeviceNode] {
        var spec = LaunchPlanBuilderTests.spec()
        spec.linux.devices = devices
        spec.mounts = [.init(destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"])]
        guard case .devices(let nodes, let options)? = try LaunchPlanBuilderTests.plan(spec).mounts.first?.kind else {
            return []
        }
        #expect(options == ["mode=755"])
        return nodes
    }

    @Test("/dev has the six devices that every program expects, and no other")
    func standardDevices() throws {
        let nodes = try Self.nodes([])
        #expect(
            nodes.map { "\($0.name) \($0.major):\($0.minor)" } == [
                "null 1:3", "zero 1:5", "full 1:7", "random 1:8", "urandom 1:9", "tty 5:0",
            ])
        #expect(nodes.allSatisfy { $0.mode == 0o666 && !$0.isBlock })
    }

    @Test("a device is added below /dev, or takes the place of one that is there")
    func devices() throws {
        let nodes = try Self.nodes([
            .init(type: "c", path: "/dev/net/tun", major: 10, minor: 200, fileMode: 0o600),
            .init(type: "b", path: "/dev/sda", major: 8, minor: 0, fileMode: nil),
            .init(type: "u", path: "/dev/null", major: 1, minor: 3, fileMode: 0o600),
        ])
        #expect(nodes.count == 8)
        #expect(nodes.contains(DeviceNode(name: "net/tun", major: 10, minor: 200, mode: 0o600)))
        #expect(nodes.contains(DeviceNode(name: "sda", isBlock: true, major: 8, minor: 0)))
        #expect(nodes.filter { $0.name == "null" }.map(\.mode) == [0o600])
    }

    @Test("a device elsewhere, or of another kind, is refused")
    func badDevices() {
        for (type, path) in [
            ("c", "/etc/x"), ("c", "/dev"), ("c", "/dev/../etc/x"), ("c", "/dev/a/../../x"), ("c", "dev/x"),
            ("q", "/dev/fifo"), ("", "/dev/x"),
        ] {
            let error = #expect(throws: CFSError.self, "\(type) \(path)") {
                try Self.nodes([.init(type: type, path: path, major: 1, minor: 1, fileMode: nil)])
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    @Test("of a fileMode the permission bits are taken, and the type that some tools write along with them")
    func modes() throws {
        for (type, given, mode) in [
            ("c", 0o600, 0o600), ("c", 0o1777, 0o1777), ("c", 0, 0), ("c", S_IFCHR | 0o620, 0o620),
            ("u", S_IFCHR | 0o666, 0o666), ("b", S_IFBLK | 0o660, 0o660),
        ] as [(String, UInt32, UInt32)] {
            let nodes = try Self.nodes([
                .init(type: type, path: "/dev/x", major: 1, minor: 1, fileMode: given)
            ])
            #expect(nodes.last?.mode == mode, "\(type) \(String(given, radix: 8))")
        }
    }

    @Test(
        "a fileMode beyond the permission bits is refused, with the device and the mode",
        arguments: [
            ("c", 0o10000), ("c", S_IFBLK | 0o666), ("b", S_IFCHR | 0o666), ("c", S_IFREG | 0o644), ("c", UInt32.max),
        ] as [(String, UInt32)])
    func badModes(type: String, mode: UInt32) {
        let error = #expect(throws: CFSError.self) {
            try Self.nodes([.init(type: type, path: "/dev/x", major: 1, minor: 1, fileMode: mode)])
        }
        #expect(error?.code == .invalidConfiguration && error?.path == "/dev/x")
        #expect(error?.message.contains("0\(String(mode, radix: 8))") == true)
    }

    @Test("a number that the kernel would cut off is refused", arguments: [(4096, 0), (1, 1 << 20), (.max, .max)])
    func badNumbers(major: UInt32, minor: UInt32) {
        let error = #expect(throws: CFSError.self) {
            try Self.nodes([.init(type: "c", path: "/dev/x", major: major, minor: minor, fileMode: nil)])
        }
        #expect(error?.message.contains("\(major):\(minor)") == true)
    }
}
