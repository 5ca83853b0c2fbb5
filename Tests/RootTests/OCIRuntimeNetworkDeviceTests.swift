import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The OCI runtime: network devices of the host", .needsHost)
struct OCIRuntimeNetworkDeviceTests {
    /// Runs a container from a network namespace that is made for it, and not the machine's.
    private static func run(_ bundle: RuntimeBundle, _ preparation: String, after: String = "") -> CommandResult {
        bundle.write()
        let script = """
            set -e
            \(preparation)
            "$0" --root "$1" run a && status=0 || status=$?
            \(after)
            exit $status
            """
        return RunningCommand(
            ["/usr/bin/unshare", "--net", "/bin/sh", "-c", script, RuntimeBundle.binary, bundle.root],
            environment: ["PATH": EngineFixture.path], directory: bundle.folder("bundle")
        ).finish(seconds: 60)
    }

    private static func bundle(_ script: String, _ devices: [String: Any]) -> RuntimeBundle {
        let bundle = RuntimeBundle(["sh", "-c", script])
        bundle["linux", "netDevices"] = devices
        return bundle
    }

    @Test("a device is moved with its lasting addresses, and is up", arguments: [true, false])
    func moves(inUserNamespace: Bool) {
        let bundle = Self.bundle(
            "ip -o link show inside; ip -o addr show inside | tr -s ' '; ip link show left || echo gone",
            ["left": ["name": "inside"]])
        if inUserNamespace {
            let all = bundle["linux", "namespaces"] as? [[String: Any]] ?? []
            bundle["linux", "namespaces"] = all + [["type": "user"]]
            let map = [["containerID": 0, "hostID": 0, "size": 65_536]]
            bundle["linux", "uidMappings"] = map
            bundle["linux", "gidMappings"] = map
        }
        let preparation = """
            ip link add left type veth peer name right
            ip link set left mtu 1400 address 02:00:00:00:00:07
            ip link set left up
            ip addr add 10.7.0.1/24 broadcast 10.7.0.255 dev left
            ip addr add 10.8.0.1 peer 10.8.0.2/32 dev left
            ip addr add fd00:7::1/64 dev left nodad
            ip addr add 10.9.0.1/24 scope link dev left
            ip addr add 10.10.0.1/24 valid_lft 1000 preferred_lft 1000 dev left
            """
        let result = Self.run(bundle, preparation, after: "ip link show left 2>/dev/null && echo still; true")
        #expect(result.status == 0, "\(result)")
        for text in [
            "mtu 1400", "02:00:00:00:00:07", ",UP", "inet 10.7.0.1/24 brd 10.7.0.255", "inet 10.8.0.1 peer 10.8.0.2/32",
            "inet6 fd00:7::1/64",
        ] { #expect(result.output.contains(text), "\(text): \(result)") }
        #expect(!result.output.contains("10.9.0.1") && !result.output.contains("10.10.0.1"), "\(result)")
        #expect(!result.output.contains("still"), "\(result)")
    }

    @Test("a name that is taken is an error, one with a number in it is found")
    func names() {
        let two = """
            ip link add one type veth peer name two
            ip link add net0 type bridge
            """
        let taken = Self.run(
            Self.bundle("true", ["one": ["name": "lo"]]), two, after: "ip -o link show one >/dev/null && echo still")
        #expect(taken.status == 1 && taken.output == "still\n", "\(taken)")
        #expect(
            taken.errors.contains("linux.netDevices.one: the container's network namespace has a device lo"), "\(taken)"
        )
        let found = Self.run(
            Self.bundle("ls /sys/class/net", ["one": ["name": "net%d"], "two": ["name": "net%d"]]), two)
        #expect(found.lines == ["lo", "net0", "net1"], "\(found)")
    }

    @Test("a device that is not there, or belongs to its namespace for ever, is an error, and none is moved")
    func missing() {
        let make = "ip link add one type veth peer name two"
        let after = "ip -o link show one >/dev/null && echo still"
        let absent = Self.run(Self.bundle("true", ["one": [:], "absent": [:]]), make, after: after)
        #expect(absent.status == 1 && absent.output == "still\n", "\(absent)")
        #expect(absent.errors.contains("linux.netDevices.absent: the host has no such device"), "\(absent)")
        let fixed = Self.run(Self.bundle("true", ["lo": ["name": "x"]]), make)
        #expect(fixed.status == 1 && fixed.errors.contains("linux.netDevices.lo: it cannot be moved"), "\(fixed)")
    }

    @Test("devices need a namespace that is not the host's, and names that the kernel takes")
    func configuration() {
        let bundle = Self.bundle("true", ["one": [:]])
        let all = bundle["linux", "namespaces"] as? [[String: Any]] ?? []
        bundle["linux", "namespaces"] = all.filter { $0["type"] as? String != "network" }
        let shared = bundle.run("run", "a")
        #expect(
            shared.status == 1 && shared.errors.contains("linux.netDevices.one needs a network namespace"), "\(shared)")
        bundle["linux", "namespaces"] = all
        for name in ["a/b", "sixteen-letters-", "..", "a b", "%d%d", "%s"] {
            bundle["linux", "netDevices"] = ["one": ["name": name]]
            let result = bundle.run("run", "a")
            #expect(result.status == 1 && result.errors.contains("linux.netDevices.one.name"), "\(name): \(result)")
        }
        bundle["linux", "netDevices"] = ["one": ["name": "x"], "two": ["name": "x"]]
        let twice = bundle.run("run", "a")
        #expect(twice.status == 1 && twice.errors.contains("another device is to be called x"), "\(twice)")
    }
}
