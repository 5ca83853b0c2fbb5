import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The OCI runtime: what the specification demands of operations and hooks", .needsHost)
struct OCIRuntimeConformanceHookTests {
    // MARK: Operations

    @Test("every operation on a container that does not exist is an error")
    func absent() {
        let bundle = RuntimeBundle()
        for verb in ["state", "start", "kill", "delete", "pause", "resume", "ps", "events", "update"] {
            let result = bundle.run(verb, "absent")
            #expect(result.status == 1 && result.errors.contains("does not exist"), "\(verb): \(result)")
        }
        #expect(bundle.run("exec", "absent", "true").status == 255)
        #expect(bundle.run("list", "-q").output == "")
    }

    @Test("a signal goes to the process, and one to a container that has stopped is an error")
    func kill() {
        let bundle = RuntimeBundle([
            "sh", "-c", "trap 'echo got' USR1; echo ready; while :; do sleep 1000 & wait; done",
        ])
        bundle.create("a")
        bundle.run("start", "a")
        #expect(eventually { bundle.output == "ready\n" })
        #expect(bundle.run("kill", "a", "USR1").status == 0)
        #expect(eventually { bundle.output == "ready\ngot\n" })
        let unknown = bundle.run("kill", "a", "NOSUCH")
        #expect(unknown.status == 1 && bundle.status("a") == "running")
        #expect(bundle.run("kill", "a", "KILL").status == 0)
        #expect(eventually { bundle.status("a") == "stopped" })
        let late = bundle.run("kill", "a", "USR1")
        #expect(late.status == 1 && late.errors.contains("container not running"))
    }

    @Test("a container that has stopped is not started again, and stays until it is deleted")
    func startStopped() {
        let bundle = RuntimeBundle(["sh", "-c", "echo once"])
        bundle.create("a")
        bundle.run("start", "a")
        #expect(eventually { bundle.status("a") == "stopped" })
        let again = bundle.run("start", "a")
        #expect(again.status == 1 && again.errors.contains("has stopped"), "\(again.errors)")
        #expect(bundle.output == "once\n" && bundle.status("a") == "stopped")
        #expect(bundle.run("delete", "a").status == 0)
    }

    @Test("the state has all that it must, and says created, running, stopped")
    func state() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle["annotations"] = ["key": "value", "empty": ""]
        bundle.create("a")
        let state = bundle.state("a")
        #expect(state["ociVersion"].text == bundle["ociVersion"] as? String)
        #expect(state["id"].text == "a" && state["status"].text == "created")
        #expect((state["pid"].number ?? 0) > 0 && state["bundle"].text == bundle.folder("bundle"))
        #expect(state["annotations"]["key"].text == "value" && state["annotations"]["empty"].text == "")
        bundle.run("start", "a")
        #expect(bundle.status("a") == "running")
        bundle.run("kill", "a", "KILL")
        #expect(eventually { bundle.status("a") == "stopped" })
    }

    @Test("a create that fails leaves neither a container, a cgroup nor a process; delete leaves nothing either")
    func nothingLeft() throws {
        let bundle = RuntimeBundle(["sleep", "1000"])
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        let pid = Int(try #require(bundle.state("a")["pid"].number))
        let line = (textOfFile("/proc/\(pid)/cgroup") ?? "").split(separator: "\n").first { $0.hasPrefix("0::") }
        let folder = String(try #require(line).dropFirst(3))
        let mount = access("/sys/fs/cgroup/unified", F_OK) == 0 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"
        #expect(access(mount + folder, F_OK) == 0)
        #expect(bundle.run("delete", "--force", "a").status == 0)
        #expect(access(mount + folder, F_OK) != 0)
        // Its new parent may not have reaped it yet.
        #expect((textOfFile("/proc/\(pid)/stat") ?? ") Z").contains(") Z"))
        bundle["process", "cwd"] = "/etc/passwd/x"
        bundle["linux", "sysctl"] = ["net.no.such.setting": "1"]
        #expect(bundle.create("a").status == 1)
        #expect(access(mount + folder, F_OK) != 0)
        #expect(namesInFolder(bundle.root).filter { $0 != ".seccomp" }.isEmpty)
    }

    @Test("what is not the container's own stays when it is deleted")
    func others() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        _ = bundle.folder.makeFolder("source")
        _ = bundle.folder.write("kept", to: "source/file")
        bundle["root", "readonly"] = false
        let mount: [String: Any] = ["destination": "/tmp", "source": bundle.folder("source"), "options": ["rbind"]]
        bundle["mounts"] = (bundle["mounts"] as? [[String: Any]] ?? []) + [mount]
        bundle.create("a")
        #expect(bundle.run("delete", "--force", "a").status == 0)
        #expect(textOfFile(bundle.folder("source/file")) == "kept")
        #expect(access("\(bundle.rootfs)/bin/busybox", F_OK) == 0)
        #expect(access(bundle.folder("bundle/config.json"), F_OK) == 0)
    }

    @Test("annotations are strings by a key that is not empty, and unknown ones are no error")
    func annotations() {
        let bundle = RuntimeBundle()
        bundle["annotations"] = ["org.example.unknown": "value"]
        #expect(bundle.run("run", "a").status == 0)
        let wrong: [[String: Any]] = [["": "value"], ["key": 1]]
        for annotations in wrong {
            bundle["annotations"] = annotations
            let result = bundle.run("run", "a")
            #expect(result.status == 1 && result.errors.contains("annotations"), "\(result.errors)")
        }
    }

    @Test("of the caller's descriptors the command has three, or as many as were asked for")
    func descriptors() {
        let bundle = RuntimeBundle([
            "sh", "-c", "cd /proc/self/fd; for n in 0 1 2 3 4 5 6 7; do [ -e $n ] && echo $n; done",
        ])
        bundle.write()
        for (count, more) in [("0", ""), ("2", "3\n4\n")] {
            let script =
                "exec 3</etc 4</etc 5</etc 6</etc 7</etc; exec \"$0\" --root \"$1\" run --preserve-fds \(count) a"
            let result = RunningCommand(
                ["/bin/sh", "-c", script, RuntimeBundle.binary, bundle.root],
                environment: ["PATH": EngineFixture.path], directory: bundle.folder("bundle")
            ).finish(seconds: 60)
            #expect(result.output == "0\n1\n2\n" + more, "\(result)")
        }
    }

    // MARK: Hooks

    private func hook(_ words: [String], _ more: [String: Any] = [:]) -> [String: Any] {
        let hook: [String: Any] = ["path": "/bin/sh", "args": ["sh", "-c"] + words]
        return hook.merging(more) { $1 }
    }

    @Test("a hook's path must be absolute, and its time more than nothing")
    func hookFields() {
        let bundle = RuntimeBundle()
        for kind in ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] {
            bundle["hooks"] = [kind: [["path": "bin/true"]]]
            let relative = bundle.run("run", "a")
            #expect(relative.status == 1 && relative.errors.contains("hooks.\(kind)[0].path"), "\(relative.errors)")
            bundle["hooks"] = [kind: [["path": "/bin/true", "timeout": 0]]]
            let timeless = bundle.run("run", "a")
            #expect(timeless.status == 1 && timeless.errors.contains("hooks.\(kind)[0].timeout"), "\(timeless.errors)")
        }
    }

    @Test(
        "every kind of hook has its arguments, its environment and its time",
        arguments: ["prestart", "createRuntime", "createContainer", "poststart", "poststop"])
    func hookMembers(kind: String) {
        let bundle = RuntimeBundle(["sleep", "1000"])
        let log = bundle.folder("log")
        bundle["hooks"] = [
            kind: [
                hook(["echo \"$0 $1 $A\" >> '\(log)'", "zero", "one"], ["env": ["A=b"]]),
                hook(["echo second >> '\(log)'; exec sleep 1000"], ["timeout": 1]),
            ]
        ]
        let created = bundle.create("a")
        var told = bundle.output
        if kind.hasPrefix("post") {
            #expect(created.status == 0, "\(bundle.output)")
            told += bundle.run("start", "a").errors
            told += bundle.run("delete", "--force", "a").errors
        } else {
            #expect(created.status == 1)
        }
        #expect(textOfFile(log) == "zero one b\nsecond\n", "\(told)")
        #expect(told.contains("the \(kind) hook /bin/sh did not end within 1 seconds"), "\(told)")
    }

    @Test("hooks of the runtime run in its namespaces, those of the container in the container's")
    func hookNamespaces() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        let log = bundle.folder("log")
        bundle["root", "readonly"] = false
        for kind in ["prestart", "createRuntime", "createContainer", "poststart", "poststop"] {
            bundle["hooks", kind] = [hook(["echo \(kind) $(readlink /proc/self/ns/uts) >> '\(log)'"])]
        }
        // The path is resolved inside: there is no such program on the host.
        symlink("busybox", "\(bundle.rootfs)/bin/only-inside")
        bundle["hooks", "startContainer"] = [
            [
                "path": "/bin/sh",
                "args": ["sh", "-c", "(readlink /bin/only-inside; readlink /proc/self/ns/uts) > /tmp/log"],
            ]
        ]
        let ours = textOfLink("/proc/self/ns/uts") ?? ""
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        #expect(bundle.run("start", "a").status == 0)
        #expect(bundle.run("delete", "--force", "a").status == 0)
        for line in (textOfFile(log) ?? "").split(separator: "\n") {
            let isOurs = line.hasSuffix(" \(ours)")
            #expect(isOurs == !line.hasPrefix("createContainer "), "\(line), and ours is \(ours)")
        }
        let inside = textOfFile("\(bundle.rootfs)/tmp/log") ?? ""
        #expect(inside.hasPrefix("busybox\nuts:") && !inside.contains(ours), "\(inside)")
    }
}
