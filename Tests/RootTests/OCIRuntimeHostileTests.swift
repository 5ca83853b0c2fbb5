import EngineSupport
import Glibc
import TestSupport
import Testing

/// What broke other runtimes, tried with bundles; docs/security-tests.md has the list.
@Suite("The OCI runtime: a root file system, and callers, that work against the host", .needsHost)
struct OCIRuntimeHostileTests {
    private static let marker = "marker-of-the-host"

    private func shell(_ script: String, _ bundle: RuntimeBundle) -> CommandResult {
        bundle["process", "args"] = ["sh", "-c", script]
        return bundle.run("run", "a")
    }

    private func host(_ script: String, _ bundle: RuntimeBundle) -> CommandResult {
        RunningCommand(
            ["/bin/bash", "-c", script], environment: ["PATH": EngineFixture.path, "LC_ALL": "C"],
            directory: bundle.folder("bundle")
        ).finish(seconds: 60)
    }

    /// A folder of the host that whoever gets out would change or read.
    private func outside(_ bundle: RuntimeBundle) -> String {
        bundle.folder.write("secret", to: "outside/\(Self.marker)", mode: 0o666)
        chmod(bundle.folder("outside"), 0o777)
        return bundle.folder("outside")
    }

    private func content(of folder: String, _ bundle: RuntimeBundle) -> String {
        host("find \(folder) -printf '%P %y %m %U %T@\\n' | sort; cat \(folder)/*", bundle).output
    }

    // CVE-2024-21626.
    @Test("no descriptor of the caller becomes a working folder, of run or of exec")
    func workingFolder() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        let runtime = "\(RuntimeBundle.binary) --root \(bundle.root)"
        let holding = "for n in $(seq 3 40); do eval \"exec $n<\(outside(bundle))\"; done; "
        #expect(host(holding + "cd /proc/self/fd/7 && ls", bundle).output == "\(Self.marker)\n", "a shell gets there")
        bundle.create("held")
        bundle.run("start", "held")
        var seen = ""
        for number in 3...40 {
            bundle["process", "cwd"] = "/proc/self/fd/\(number)"
            bundle["process", "args"] = ["sh", "-c", "ls; ls ..; cat marker*"]
            bundle.write()
            let exec = "\(runtime) exec --cwd /proc/self/fd/\(number) held sh -c 'ls; ls ..; cat marker*'"
            seen += host(holding + "\(runtime) run a; \(exec)", bundle).output
        }
        #expect(!seen.contains(Self.marker) && !seen.contains("secret"), "\(seen)")
    }

    // CVE-2005-4890 and its like (TIOCSTI).
    @Test("the caller's terminal is not the container's, whoever has which streams: of run, create and exec")
    func callersTerminal() throws {
        let bundle = RuntimeBundle(["sh", "/try", "run"])
        let script = """
            echo "typed by $1" > /dev/tty
            [ "$(cut -d ' ' -f 6 /proc/$$/stat)" = $$ ] && echo "$1 leads a session"
            [ "$1" = create ] && sleep 1000
            """
        try #require(host("cat > \(bundle.rootfs)/try <<'END'\n\(script)\nEND", bundle).status == 0)
        bundle.write()
        let runtime = "\(RuntimeBundle.binary) --root \(bundle.root)"
        func inTerminal(_ command: String) -> String {
            host(
                "script -qec '{ \(command); } </dev/null >>out 2>&1' typescript >/dev/null; cat out typescript", bundle
            )
            .output
        }
        #expect(
            inTerminal("sh \(bundle.rootfs)/try host").contains("typed by host"), "a process of the host gets there")
        var seen = inTerminal("\(runtime) run a")
        bundle["process", "args"] = ["sh", "/try", "create"]
        bundle.write()
        seen = inTerminal("\(runtime) create held && \(runtime) start held")
        #expect(eventually { host("cat out", bundle).output.contains("create leads a session") })
        seen = inTerminal("\(runtime) exec held sh /try exec")
        for verb in ["run", "create", "exec"] {
            #expect(seen.contains("\(verb) leads a session") && !seen.contains("typed by \(verb)"), "\(seen)")
        }
    }

    @Test("a terminal for a container in front, where the caller has none, is an error at once")
    func noTerminal() {
        let bundle = RuntimeBundle()
        bundle["process", "terminal"] = true
        let result = bundle.run("run", "a")
        #expect(result.status == 1 && result.errors.contains("process.terminal is true, and none"), "\(result.errors)")
        #expect(bundle.run("list", "-q").output.isEmpty)
    }

    // A slash with a combining mark behind it is one letter to Unicode, and a slash to the kernel.
    @Test("links whose slashes make one letter with a mark lead nowhere but into the root")
    func markedSlash() throws {
        let bundle = RuntimeBundle(["true"])
        let folder = outside(bundle)
        let before = content(of: folder, bundle)
        symlink(folder, "\(bundle.rootfs)/out")
        symlink("out/\u{301}escaped", "\(bundle.rootfs)/data")
        bundle["mounts"] =
            (bundle["mounts"] as? [Any] ?? []) + [
                ["destination": "/data", "type": "bind", "source": folder, "options": ["bind", "ro"]]
            ]
        let result = bundle.run("run", "a")
        #expect(content(of: folder, bundle) == before, "\(result)")
        #expect(result.status == 0, "\(result.errors)")
    }

    // runc 2026-41579, crun 2026-47766.
    @Test("a /dev that is a link to a host folder: nothing is made there", arguments: [true, false])
    func devices(hasMount: Bool) {
        let bundle = RuntimeBundle()
        let folder = outside(bundle)
        let before = content(of: folder, bundle)
        rmdir("\(bundle.rootfs)/dev")
        symlink(folder, "\(bundle.rootfs)/dev")
        bundle["root", "readonly"] = false
        if !hasMount { bundle["mounts"] = [["destination": "/proc", "type": "proc", "source": "proc"]] }
        bundle["linux", "devices"] = [["path": "/dev/own", "type": "c", "major": 1, "minor": 3]]
        let result = bundle.run("run", "a")
        #expect(content(of: folder, bundle) == before, "\(result)")
    }

    // CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642.
    @Test("a /proc or /sys that is a link is refused", arguments: ["proc", "sys"])
    func kernelFileSystems(name: String) {
        let bundle = RuntimeBundle(["cat", "/proc/self/status"])
        rmdir("\(bundle.rootfs)/\(name)")
        symlink("/tmp", "\(bundle.rootfs)/\(name)")
        let result = bundle.run("run", "a")
        #expect(result.status == 1 && result.errors.contains("/\(name)"), "\(result)")
        #expect(bundle.run("list", "-q").output == "")
    }

    // CVE-2021-30465 without the race: HostileNeighbourTests has it.
    @Test("a mount target that is a link stays inside")
    func mountTarget() {
        let bundle = RuntimeBundle()
        let folder = outside(bundle)
        let before = content(of: folder, bundle)
        symlink(folder, "\(bundle.rootfs)/absolute")
        symlink("../../../../../../../..\(folder)", "\(bundle.rootfs)/relative")
        _ = bundle.folder.write("mounted", to: "source/file")
        let mounts = bundle["mounts"] as? [[String: Any]] ?? []
        bundle["root", "readonly"] = false
        for target in ["absolute", "relative", "absolute/deeper/place"] {
            let mount: [String: Any] = [
                "destination": "/\(target)", "source": bundle.folder("source"), "options": ["bind"],
            ]
            bundle["mounts"] = mounts + [mount]
            let result = shell("cat /\(target)/file", bundle)
            #expect(result.output == "mounted", "\(target): \(result.errors)")
        }
        #expect(content(of: folder, bundle) == before)
    }

    // CVE-2025-31133.
    @Test("a mask is made of the null device, or not at all")
    func nullDevice() {
        let bundle = RuntimeBundle()
        _ = bundle.folder.write("not the null device", to: "dev/null", mode: 0o666)
        let kept = (bundle["mounts"] as? [[String: Any]] ?? []).filter {
            !($0["destination"] as? String ?? "").hasPrefix("/dev")
        }
        let mount: [String: Any] = ["destination": "/dev", "source": bundle.folder("dev"), "options": ["rbind"]]
        bundle["mounts"] = kept + [mount]
        let refused = shell("cat /proc/keys", bundle)
        #expect(refused.status == 1 && refused.errors.contains("is not the null device"), "\(refused)")
        unlink(bundle.folder("dev/null"))
        #expect(host("mknod -m 666 \(bundle.folder("dev/null")) c 1 3", bundle).status == 0)
        let masked = shell("cat /proc/keys; echo done", bundle)
        #expect(masked.output == "done\n", "\(masked)")
    }

    // CVE-2019-5736.
    @Test("what a container can reach of the runtime's program is on a mount that nobody can write to")
    func program() throws {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle.create("a")
        let pid = Int(try #require(bundle.state("a")["pid"].number))
        let inode = host("stat -L -c %i /proc/\(pid)/exe", bundle).output
        #expect(inode == host("stat -c %i \(RuntimeBundle.binary)", bundle).output)
        // While it runs nothing of a program can be cut off, whatever it lies on.
        #expect(host("exec 3>/proc/\(pid)/exe", bundle).errors.contains("Read-only file system"))
        // A program that is not protected so is only busy, and can be written to once it has ended.
        let busy = host("cp /bin/sleep ../program; ../program 1000 & (exec 3>/proc/$!/exe); kill $!", bundle)
        #expect(busy.errors.contains("Text file busy"), "\(busy)")
        bundle.run("delete", "--force", "a")
        let sum = host("sha256sum < \(RuntimeBundle.binary)", bundle).output
        bundle["process", "args"] = ["/proc/self/exe"]
        // Whether it can run there or not: static, it does.
        bundle.run("run", "b")
        #expect(host("sha256sum < \(RuntimeBundle.binary)", bundle).output == sum)
    }

    // CVE-2022-29162, CVE-2022-24769, CVE-2022-27649.
    @Test("inheritable and ambient capabilities are empty unless they are asked for: run, exec, exec --cap")
    func capabilities() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        let script = "grep -E 'CapInh|CapAmb' /proc/self/status | cut -f2 | sort -u"
        #expect(shell(script, bundle).output == "0000000000000000\n")
        bundle["process", "args"] = ["sleep", "1000"]
        bundle.create("a")
        bundle.run("start", "a")
        for options in [[], ["--cap", "CAP_NET_RAW"], ["--cap", "CAP_NET_RAW", "--user", "1000"]] {
            let result = bundle.start(["exec"] + options + ["a", "sh", "-c", script]).finish(seconds: 60)
            #expect(result.output == "0000000000000000\n", "\(options): \(result)")
        }
        bundle.run("delete", "--force", "a")
        bundle["process", "capabilities", "inheritable"] = ["CAP_KILL"]
        #expect(shell(script, bundle).lines.count == 2, "what is asked for is seen")
    }

    // crun 2026-30892, containerd 2024-40635.
    @Test("a user is a number, and a text that is none is refused, whatever the image's files map it to")
    func users() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        let texts = ["1:", "-1", "4294967295", "4294967296", " 1", "+1", "1x", "root", ""]
        _ = bundle.folder.write(
            (texts + ["1"]).map { "\($0):x:0:0::/:/bin/sh\n" }.joined(), to: "bundle/rootfs/etc/passwd")
        bundle.create("a")
        bundle.run("start", "a")
        #expect(bundle.run("exec", "--user", "1", "a", "id", "-u").output == "1\n")
        for text in texts {
            let result = bundle.run("exec", "--user", text, "a", "id", "-u")
            #expect(result.status == 255 && result.output == "", "\(text): \(result)")
        }
        for number in [-1, 4_294_967_296] as [Int] {
            bundle["process", "user"] = ["uid": number, "gid": 0]
            let result = bundle.run("run", "b")
            #expect(result.status == 1 && result.errors.contains("process.user.uid"), "\(result.errors)")
        }
    }

    // CVE-2024-9676 and its like: the home of the user is looked up in them.
    @Test(
        "a user database that is a pipe, endless, huge or a link does not hold a start up",
        arguments: [
            "mkfifo etc/passwd", "ln -s /dev/zero etc/passwd", "truncate -s 10G etc/passwd",
            "ln -s /proc/self/mem etc/passwd",
        ])
    func userDatabase(change: String) {
        let bundle = RuntimeBundle()
        bundle["process", "env"] = ["PATH=/bin"]
        #expect(host("cd rootfs; \(change)", bundle).status == 0)
        #expect(!bundle.run("run", "a").timedOut)
    }

    // CVE-2023-25809.
    @Test("the cgroup cannot be changed from inside when it is mounted read-only, and can when it is not")
    func cgroup() {
        let bundle = RuntimeBundle()
        let script = "mkdir /sys/fs/cgroup/below && echo made && rmdir /sys/fs/cgroup/below"
        let result = shell(script, bundle)
        #expect(result.output == "" && result.errors.contains("Read-only"), "\(result)")
        bundle["mounts"] = (bundle["mounts"] as? [[String: Any]] ?? []).map { mount in
            var mount = mount
            if mount["destination"] as? String == "/sys/fs/cgroup" { mount["options"] = ["nosuid"] }
            return mount
        }
        #expect(shell(script, bundle).output == "made\n")
    }

    // CRI-O 2024-3154 and its like; containerd 2026-53488.
    @Test("annotations that steer other runtimes, and variables that steer programs, reach nothing outside")
    func annotations() {
        let bundle = RuntimeBundle()
        let folder = outside(bundle)
        let before = content(of: folder, bundle)
        let annotations = [
            "run.oci.handler": "wasm", "run.oci.hooks.stderr": "\(folder)/log", "run.oci.mount_context_type": "x",
            "run.oci.pidfd_receiver": "\(folder)/socket", "org.systemd.property.ExecStart": "'/bin/touch \(folder)/x'",
            "org.criu.config": "\(folder)/criu", "module.wasm.image/variant": "compat",
            "run.oci.seccomp_bpf_data": "AAAA", "run.oci.systemd.subgroup": "x",
        ]
        bundle["annotations"] = annotations
        bundle["process", "env"] = ["PATH=\(folder)", "LD_PRELOAD=\(folder)/lib.so", "TMPDIR=\(folder)", "A=1"]
        bundle["hooks", "createRuntime"] = [["path": "/usr/bin/env", "env": ["SEEN=yes"]]]
        bundle["hooks", "poststop"] = [
            ["path": "/bin/sh", "args": ["sh", "-c", "/usr/bin/env > \(bundle.folder("environment"))"]]
        ]
        bundle["process", "args"] = ["/bin/sh", "-c", "echo $A"]
        let result = bundle.run("run", "a")
        #expect(result.output.hasSuffix("1\n"), "\(result)")
        #expect(content(of: folder, bundle) == before)
        let environment = textOfFile(bundle.folder("environment")) ?? "none"
        #expect(!environment.contains("LD_PRELOAD") && !environment.contains(folder), "\(environment)")
    }
}
