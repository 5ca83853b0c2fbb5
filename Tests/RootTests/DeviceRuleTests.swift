import EngineSupport
import Glibc
import TestSupport
import Testing

/// Devices are filtered by a program of the container's cgroup (BPF_PROG_TYPE_CGROUP_DEVICE), also on a hybrid host.
@Suite("Rules for devices", .needsHost, .engine)
struct DeviceRuleTests: EngineSuite {
    /// One that no container has by itself, and that can be opened for reading and writing without any effect.
    private static let device: (path: String, numbers: String)? = {
        for path in ["/dev/loop-control", "/dev/fuse", "/dev/net/tun"] {
            let file = open(path, O_RDWR | O_CLOEXEC)
            guard file >= 0 else { continue }
            defer { close(file) }
            var status = stat()
            fstat(file, &status)
            // The macros of makedev(3).
            let (major, minor) = (status.st_rdev >> 8 & 0xfff, status.st_rdev & 0xff | status.st_rdev >> 12 & 0xfff00)
            return (path, "\(major):\(minor)")
        }
        return nil
    }()
    private static let hasDevice = device != nil
    private static let noDevice: Comment = "this host has neither loop-control, nor fuse, nor tun to open"

    /// Opens it inside for reading and for writing.
    private static func opening(_ path: String) -> String {
        "(exec 3<\(path)) 2>&1 && echo read; (exec 3>>\(path)) 2>&1 && echo written; :"
    }

    private static let denied = "Operation not permitted"

    @Test(
        "a device that is given for one access has no other", .enabled(if: hasDevice, noDevice),
        arguments: [("private", "r"), ("private", "w"), ("host", "r"), ("host", "w"), ("host", "rw")])
    func access(namespace: String, access: String) throws {
        let device = try #require(Self.device)
        let result = engine.inside(
            Self.opening("/dev/mine"), "--userns", namespace, "--device", "\(device.path):/dev/mine:\(access)")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.lines.contains("read") == access.contains("r"), "\(result.output)")
        #expect(result.lines.contains("written") == access.contains("w"), "\(result.output)")
        #expect(result.output.contains(Self.denied) == (access != "rw"), "\(result.output)")
    }

    @Test(
        "a node has the permissions of the host's and belongs to the container's root", arguments: ["private", "host"])
    func mode(userns: String) throws {
        let path = engine.folder("null-\(userns)")
        // The null device, which every container may open: the permissions decide.
        try #require(mknod(path, S_IFCHR | 0o600, 0x0103) == 0)
        chmod(path, 0o600)
        let look = "stat -c '%a %u:%g' /dev/mine /dev/null; (exec 3</dev/mine) 2>&1 && echo opened; :"
        let options = ["run", "--rm", "--userns", userns, "--device", "\(path):/dev/mine"]
        let asRoot = engine.run(options + ["BusyBox", "sh", "-c", look])
        #expect(asRoot.output == "600 0:0\n666 0:0\nopened\n", "\(asRoot.output) \(asRoot.errors)")
        let asUser = engine.run(options + ["-u", "1000", "BusyBox", "sh", "-c", look])
        #expect(asUser.output.contains("Permission denied") && !asUser.output.contains("opened"), "\(asUser.output)")
    }

    @Test("the usual devices work beside it", .enabled(if: hasDevice, noDevice))
    func usual() throws {
        let device = try #require(Self.device)
        let script = "head -c 3 /dev/zero | wc -c; echo x > /dev/null && echo null; head -c 1 /dev/urandom | wc -c"
        let result = engine.inside(script, "--userns", "host", "--device", "\(device.path):/dev/mine:r")
        #expect(result.lines.map { $0.filter { !$0.isWhitespace } } == ["3", "null", "1"], "\(result.errors)")
    }

    @Test("the rule holds for what exec starts, too", .enabled(if: hasDevice, noDevice))
    func exec() throws {
        let device = try #require(Self.device)
        try engine.withContainer(["--userns", "host", "--device", "\(device.path):/dev/mine:r"]) { id in
            let result = engine.run("exec", id, "sh", "-c", Self.opening("/dev/mine"))
            #expect(result.lines.first == "read" && result.output.contains(Self.denied), "\(result.output)")
        }
    }

    @Test(
        "a device node that a container makes can be opened only with a rule for it", .enabled(if: hasDevice, noDevice))
    func rule() throws {
        let device = try #require(Self.device)
        let numbers = device.numbers.split(separator: ":").joined(separator: " ")
        let script = "mknod /made c \(numbers) && echo made; \(Self.opening("/made"))"
        let without = engine.inside(script, "--userns", "host", "--cap-add", "MKNOD")
        #expect(without.lines.first == "made" && !without.lines.contains("read"), "\(without.output)")
        #expect(without.output.contains(Self.denied))
        let readable = engine.inside(
            script, "--userns", "host", "--cap-add", "MKNOD", "--device-cgroup-rule", "c \(device.numbers) r")
        #expect(readable.lines.prefix(2) == ["made", "read"] && !readable.lines.contains("written"))
        let whole = engine.inside(
            script, "--userns", "host", "--cap-add", "MKNOD", "--device-cgroup-rule", "c *:* rwm")
        #expect(whole.lines == ["made", "read", "written"], "\(whole.output)\(whole.errors)")
    }
}
