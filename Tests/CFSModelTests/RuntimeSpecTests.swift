import CFSModel
import Testing

@Suite("The OCI runtime configuration")
struct RuntimeSpecTests {
    private static func read(_ text: String) throws(CFSError) -> RuntimeSpec {
        try RuntimeSpec(json: JSON(parsing: Array(text.utf8), what: "config.json"))
    }

    /// A whole configuration with one more member in one of its objects.
    private static func config(extra: String = "", in place: String? = nil) -> String {
        func more(_ here: String) -> String { here == place ? ", \(extra)" : "" }
        return """
            {"ociVersion": "1.2.0", "root": {"path": "rootfs", "readonly": true\(more("root"))},
             "process": {"terminal": true, "consoleSize": {"height": 24, "width": 80\(more("process.consoleSize"))},
              "user": {"uid": 1, "gid": 2, "umask": 63, "additionalGids": [5, 6]\(more("process.user"))},
              "args": ["sh", "-c", "true"], "env": ["A=b"], "cwd": "/tmp", "noNewPrivileges": true, "oomScoreAdj": -5,
              "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"],
               "inheritable": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]\(more("process.capabilities"))},
              "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 18446744073709551615\(more("process.rlimits[0]"))}]\(more("process"))},
             "hostname": "web", "domainname": "example",
             "mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]\(more("mounts[0]"))}],
             "annotations": {"k": "v"},
             "linux": {"namespaces": [{"type": "pid"}, {"type": "network", "path": "/proc/1/ns/net"\(more("linux.namespaces[1]"))}],
              "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536\(more("linux.uidMappings[0]"))}],
              "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
              "timeOffsets": {"monotonic": {"secs": -5, "nanosecs": 6\(more("linux.timeOffsets.monotonic"))}},
              "devices": [{"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 438\(more("linux.devices[0]"))}],
              "cgroupsPath": "/x", "resources": {"pids": {"limit": 100\(more("linux.resources.pids"))}\(more("linux.resources"))},
              "sysctl": {"net.core.somaxconn": "1"}, "seccomp": {"defaultAction": "SCMP_ACT_ALLOW"},
              "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"]\(more("linux"))}\(more(""))}
            """
    }

    @Test("every field arrives where it belongs")
    func fields() throws {
        let spec = try Self.read(Self.config())
        #expect(spec.root == .init(path: "rootfs", readonly: true))
        #expect(spec.process.user.additionalGids == [5, 6])
        #expect(spec.process.user.umask == 0o77)
        #expect(spec.process.consoleSize == .init(height: 24, width: 80))
        #expect(spec.process.rlimits == [.init(type: "RLIMIT_NOFILE", soft: 1024, hard: UInt64.max)])
        #expect(spec.process.capabilities?.ambient == ["CAP_CHOWN"])
        #expect(spec.process.oomScoreAdj == -5)
        #expect(spec.linux.namespaces == [.init(type: "pid"), .init(type: "network", path: "/proc/1/ns/net")])
        #expect(spec.linux.uidMappings == [.init(containerID: 0, hostID: 100_000, size: 65_536)])
        #expect(spec.linux.timeOffsets["monotonic"]?.secs == -5)
        #expect(spec.linux.devices == [.init(type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 0o666)])
        #expect(spec.linux.resources?.pids?.limit == 100)
        #expect(spec.linux.seccomp?["defaultAction"] == "SCMP_ACT_ALLOW")
        #expect(spec.annotations == ["k": "v"])
    }

    @Test("what is absent is not written, as null neither")
    func absent() throws {
        let small = RuntimeSpec(root: .init(path: "r", readonly: false), process: .init(args: ["true"]))
        #expect(!small.json.text().contains("null"))
    }

    @Test("what is written reads back as it was")
    func roundTrip() throws {
        let spec = try Self.read(Self.config())
        #expect(try Self.read(spec.json.text()) == spec)
        let small = RuntimeSpec(root: .init(path: "r", readonly: false), process: .init(args: ["true"]))
        #expect(try Self.read(small.json.text(pretty: true)) == small)
    }

    @Test(
        "a field that is not enforced is refused by its name, wherever it stands",
        arguments: [
            "", "root", "process", "process.consoleSize", "process.user", "process.capabilities", "process.rlimits[0]",
            "mounts[0]", "linux", "linux.namespaces[1]", "linux.uidMappings[0]", "linux.timeOffsets.monotonic",
            "linux.devices[0]", "linux.resources", "linux.resources.pids",
        ])
    func unknown(place: String) {
        let error = #expect(throws: CFSError.self) { try Self.read(Self.config(extra: "\"unheardOf\": 1", in: place)) }
        #expect(error?.code == .invalidConfiguration)
        let name = place.isEmpty ? "unheardOf" : "\(place).unheardOf"
        #expect(error?.message == "\(name) is not supported by this engine")
    }

    @Test(
        "what is missing or of another kind is refused",
        arguments: [
            "[]", "{}", #"{"ociVersion": "1.2.0"}"#, #"{"ociVersion": "1.2.0", "root": {}}"#,
            #"{"ociVersion": "2.0.0", "root": {"path": "r"}, "process": {"args": ["a"]}}"#,
            #"{"ociVersion": 1, "root": {"path": "r"}, "process": {"args": ["a"]}}"#,
            #"{"ociVersion": "1.2.0", "root": [], "process": {"args": ["a"]}}"#,
            #"{"ociVersion": "1.2.0", "root": {"path": "r"}, "process": {"args": "a"}}"#,
            #"{"ociVersion": "1.2.0", "root": {"path": "r"}, "process": {"args": ["a"]}, "mounts": {}}"#,
        ])
    func incomplete(text: String) {
        #expect(throws: CFSError.self) { try Self.read(text) }
    }

    @Test(
        "a user's numbers are whole, not negative and of 32 bits; none is dropped in silence",
        arguments: [
            #""uid": -1"#, #""uid": 4294967296"#, #""gid": "0""#, #""uid": 1.5"#, #""additionalGids": [1, -1]"#,
            #""additionalGids": [4294967296]"#, #""additionalGids": ["5"]"#, #""umask": -1"#,
        ])
    func users(field: String) {
        let text = #"{"ociVersion": "1.2.0", "root": {"path": "r"}, "process": {"args": ["a"], "user": {\#(field)}}}"#
        let error = #expect(throws: CFSError.self) { try Self.read(text) }
        #expect(error?.message.hasPrefix("process.user.") == true)
    }
}
