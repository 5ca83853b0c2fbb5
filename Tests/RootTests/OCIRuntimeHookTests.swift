import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The OCI runtime: hooks", .needsHost)
struct OCIRuntimeHookTests {
    private func hook(_ script: String, timeout: Int? = nil) -> [String: Any] {
        var hook: [String: Any] = ["path": "/bin/sh", "args": ["sh", "-c", script]]
        if let timeout { hook["timeout"] = timeout }
        return hook
    }

    private static let names = [
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
    ]

    @Test("all six kinds run in their order, with the state of the moment, an empty environment and / as folder")
    func order() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        let log = bundle.folder("log")
        bundle["root", "readonly"] = false
        bundle["annotations"] = ["key": "value"]
        for name in Self.names {
            // Inside there is no way to the host: its file is read afterwards.
            let file = name == "startContainer" ? "/tmp/log" : log
            bundle["hooks", name] = [hook("echo \"\(name) $(cat) $(pwd) ${HOME-none}\" >> \(file)")]
        }
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        #expect(textOfFile(log)?.split(separator: "\n").count == 3)
        #expect(bundle.run("start", "a").status == 0)
        bundle.run("kill", "a", "9")
        #expect(eventually { bundle.status("a") == "stopped" })
        #expect(bundle.run("delete", "a").status == 0)
        let lines = (textOfFile(log) ?? "").split(separator: "\n").map(String.init)
        let expected = [
            ("prestart", "creating"), ("createRuntime", "creating"), ("createContainer", "creating"),
            ("poststart", "running"), ("poststop", "stopped"),
        ]
        #expect(lines.count == expected.count)
        for (line, (name, status)) in zip(lines, expected) {
            #expect(line.hasPrefix("\(name) {") && line.contains("\"status\":\"\(status)\""), "\(line)")
            #expect(line.contains("\"id\":\"a\"") && line.contains("\"key\":\"value\"") && line.hasSuffix(" / none"))
        }
        let inside = textOfFile("\(bundle.rootfs)/tmp/log") ?? ""
        #expect(inside.hasPrefix("startContainer {") && inside.contains("\"status\":\"created\""), "\(inside)")
    }

    @Test(
        "a hook before the command that fails is an error, and no container is left",
        arguments: [
            "prestart", "createRuntime", "createContainer",
        ])
    func failure(name: String) {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle["hooks", name] = [hook("echo why >&2; exit 3")]
        bundle["hooks", "poststop"] = [hook("echo after > \(bundle.folder("after"))")]
        #expect(bundle.create("a").status == 1)
        #expect(bundle.output.contains("the \(name) hook /bin/sh ended with status 3: why"), "\(bundle.output)")
        #expect(bundle.run("list", "-q").output == "")
        #expect(textOfFile(bundle.folder("after")) == "after\n")
    }

    @Test("a hook that does not end in its time is killed")
    func timeout() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle["hooks", "createRuntime"] = [hook("exec sleep 1000", timeout: 1)]
        #expect(bundle.create("a").status == 1)
        #expect(bundle.output.contains("did not end within 1 seconds"), "\(bundle.output)")
    }

    @Test("a startContainer hook that fails keeps the command from running")
    func startContainer() {
        let bundle = RuntimeBundle(["sh", "-c", "echo ran"])
        bundle["hooks", "startContainer"] = [hook("exit 5")]
        bundle.create("a")
        let result = bundle.run("start", "a")
        #expect(result.status == 1 && result.errors.contains("startContainer hook"), "\(result.errors)")
        #expect(eventually { bundle.status("a") == "stopped" })
        #expect(!bundle.output.contains("ran"))
    }

    @Test("a poststart hook that fails ends the container, or is a warning in a configuration before 1.2.1")
    func poststart() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle["hooks", "poststart"] = [hook("exit 5"), hook("echo second > \(bundle.folder("second"))")]
        bundle["ociVersion"] = "1.2.1"
        bundle.create("a")
        #expect(bundle.run("start", "a").status == 1)
        #expect(eventually { bundle.status("a") == "stopped" })
        bundle["ociVersion"] = "1.0.2"
        bundle.create("b")
        let result = bundle.run("start", "b")
        #expect(result.status == 0 && result.errors.contains("warning: the poststart hook"), "\(result.errors)")
        #expect(bundle.status("b") == "running")
        #expect(textOfFile(bundle.folder("second")) == "second\n")
    }

    @Test("a poststop hook that fails is a warning")
    func poststop() {
        let bundle = RuntimeBundle(["true"])
        bundle["hooks", "poststop"] = [hook("exit 5")]
        let result = bundle.run("run", "a")
        #expect(result.status == 0 && result.errors.contains("warning: the poststop hook"), "\(result.errors)")
    }

    @Test("hooks whose names are written with escapes run as well, at start and at delete")
    func escapedNames() throws {
        let bundle = RuntimeBundle(["sleep", "1000"])
        let log = bundle.folder("log")
        // Their names stand nowhere else in it.
        bundle["hooks", "poststart"] = [hook("echo first >> \(log)")]
        bundle["hooks", "poststop"] = [hook("echo last >> \(log)")]
        bundle.write()
        let text = try #require(textOfFile(bundle.folder("bundle/config.json")))
        bundle.folder.write(text.replacing("\"post", with: "\"\\u0070ost"), to: "bundle/config.json")
        bundle.config = [:]
        let script =
            "exec \(RuntimeBundle.binary) --root \(bundle.root) create -b \(bundle.folder("bundle")) a </dev/null >/dev/null 2>&1"
        let made = RunningCommand(["/bin/sh", "-c", script], environment: ["PATH": EngineFixture.path]).finish(
            seconds: 60)
        #expect(made.status == 0, "\(made)")
        #expect(bundle.run("start", "a").status == 0)
        #expect(bundle.run("delete", "--force", "a").status == 0)
        #expect(textOfFile(log) == "first\nlast\n")
    }

    @Test("no hook runs in the container's cgroup before its devices are limited")
    func devices() {
        let bundle = RuntimeBundle(["true"])
        bundle["linux", "resources"] = ["devices": [["allow": false, "access": "rwm"]]]
        let node = bundle.folder("node")
        #expect(mknod(node, S_IFCHR | 0o600, 1 << 8 | 11) == 0)
        // /dev/kmsg; outside of the cgroup it can be opened.
        let script = "exec 3<\(node) && echo opened >> \(bundle.folder("opened"))"
        #expect(RunningCommand(["/bin/sh", "-c", script], environment: [:]).finish().status == 0)
        unlink(bundle.folder("opened"))
        bundle["hooks", "createContainer"] = [hook("(\(script)) 2>> \(bundle.folder("why")) || true")]
        let result = bundle.run("run", "a")
        #expect(result.status == 0, "\(result)")
        #expect(textOfFile(bundle.folder("opened")) == nil)
        #expect(textOfFile(bundle.folder("why"))?.contains("Operation not permitted") == true)
    }

    @Test("a mount of a device that is denied is refused, every time")
    func deniedMount() throws {
        let bundle = RuntimeBundle(["true"])
        let node = bundle.folder("node")
        // Nothing need be in it: the kernel asks for the right to open it first.
        #expect(mknod(node, S_IFBLK | 0o600, 7 << 8) == 0)
        let mounts = try #require(bundle["mounts"] as? [Any])
        let mount: [String: Any] = ["destination": "/tmp", "type": "ext4", "source": node, "options": ["ro"]]
        bundle["mounts"] = mounts + [mount]
        for rule in [["allow": false, "access": "rwm"], ["allow": true, "access": "rwm"]] {
            bundle["linux", "resources"] = ["devices": [rule]]
            for _ in 0..<8 {
                let result = bundle.run("run", "a")
                let isDenied = result.errors.contains("operation not permitted")
                #expect(result.status == 1 && isDenied == (rule["allow"] as? Bool == false), "\(result)")
            }
        }
    }
}
