import Glibc
import TestSupport
import Testing

@Suite("What a container's processes have and are", .needsHost, .engine)
struct ConfinementTests: EngineSuite {
    // CVE-2022-24769, CVE-2022-29162 and their like.
    @Test(
        "inheritable and ambient capabilities are empty, for run, exec and exec --privileged", arguments: ["0", "1000"])
    func inheritable(user: String) throws {
        let script = "grep -E '^Cap(Inh|Amb):' /proc/self/status"
        let nothing = "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n"
        for options in [[], ["--privileged"], ["--cap-add", "NET_ADMIN"]] {
            let result = engine.run(["run", "--rm", "-u", user] + options + ["BusyBox", "sh", "-c", script])
            #expect(result.output == nothing, "\(options) \(result.errors)")
        }
        try engine.withContainer { id in
            for options in [[], ["--privileged"]] {
                let result = engine.run(["exec", "-u", user] + options + [id, "sh", "-c", script])
                #expect(result.output == nothing, "\(options) \(result.errors)")
            }
        }
    }

    @Test("the container's root is a nobody of the host: that is who owns what it writes")
    func nobody() throws {
        let path = engine.folder.makeFolder("shared", mode: 0o777)
        #expect(engine.inside("touch /data/mine", "-v", "\(path):/data").status == 0)
        let mine = try #require(owner("\(path)/mine"))
        #expect(mine >= 65_536)
        // And with the host's user namespace it is root itself.
        #expect(engine.inside("touch /data/roots", "-v", "\(path):/data", "--userns", "host").status == 0)
        #expect(owner("\(path)/roots") == 0)
    }

    @Test("two containers share no id")
    func disjoint() throws {
        let path = engine.folder.makeFolder("disjoint", mode: 0o777)
        try engine.withContainer(["-v", "\(path):/data"]) { first in
            try engine.withContainer(["-v", "\(path):/data"]) { second in
                #expect(
                    engine.run("exec", first, "sh", "-c", "echo secret > /data/first; chmod 600 /data/first").status
                        == 0)
                #expect(engine.run("exec", second, "touch", "/data/second").status == 0)
                let owners = try ["first", "second"].map { try #require(owner("\(path)/\($0)")) }
                #expect(owners[0] / 65_536 != owners[1] / 65_536)
                let refused = engine.run("exec", second, "cat", "/data/first")
                #expect(refused.output == "" && refused.errors.contains("Permission denied"))
                #expect(try engine.inspect(first)["IDRange"] != engine.inspect(second)["IDRange"])
            }
        }
    }

    @Test("a file of the host that only root may read cannot be read")
    func hostFiles() {
        let file = engine.folder.write("secret", to: "root-only", mode: 0o600)
        let result = engine.inside("cat /secret", "-v", "\(file):/secret:ro")
        #expect(result.output == "" && result.errors.contains("Permission denied"))
        #expect(engine.inside("cat /secret", "-v", "\(file):/secret:ro", "--userns", "host").output == "secret")
    }

    @Test(
        "the session keyring of the caller stays outside",
        .enabled(if: ProbeProgram.built != nil, Comment(rawValue: ProbeProgram.missing)))
    func keyring() {
        let probe = ProbeProgram.built?.path ?? ""
        // The filter would hide the difference.
        let options = (ProbeProgram.volume + ["--security-opt", "seccomp=unconfined"]).joined(separator: " ")
        #expect(engine.host("\(probe) with-key \(probe) find-key").output == "allowed\n")
        for userns in ["private", "host"] {
            let inside = engine.host(
                "\(probe) with-key $CFS run --rm \(options) --userns \(userns) BusyBox /probe find-key")
            #expect(inside.output == "ENOKEY\n", "\(userns) \(inside.errors)")
        }
    }

    // Rule 12 of the security page: Docker 20.10 and Podman 4.3 take this for the container's end.
    @Test(
        "a first process that asks to be traced does not look like one that has ended",
        .enabled(if: ProbeProgram.built != nil, Comment(rawValue: ProbeProgram.missing)))
    func traced() throws {
        try engine.withContainer(ProbeProgram.volume, ["/probe", "traced"]) { id in
            let isTraced = eventually { engine.run("logs", id).output == "traced\n" }
            #expect(isTraced)
            let (pid, monitor) = (try engine.pid(id), try engine.monitor(id))
            let isStopped = eventually { textOfFile("/proc/\(pid)/stat")?.contains(") t ") == true }
            #expect(isStopped)
            #expect(engine.run("ps", "-q", "--no-trunc").output.contains(id))
            #expect(engine.run("exec", id, "echo", "inside").output == "inside\n")
            #expect(kill(monitor, 0) == 0)
            #expect(engine.run("kill", id).status == 0)
            let hasEnded = eventually { engine.exitCode(id) == 137 }
            #expect(hasEnded)
        }
    }

    // CVE-2019-5736.
    @Test(
        "the engine's own program cannot be written to from inside",
        .enabled(if: ProbeProgram.built != nil, Comment(rawValue: ProbeProgram.missing)),
        arguments: ["private", "host"])
    func ownProgram(userns: String) throws {
        // Copies, so that a hole would cost nothing but this test.
        let folder = TemporaryDirectory()
        let copied = engine.host("cp \(engine.binary) $(dirname \(engine.binary))/cfs-runtime \(folder.path)")
        try #require(copied.status == 0, "\(copied.errors)")
        let engine = EngineFixture(binary: folder("cfs"))
        let sums = engine.host("sha256sum \(folder.path)/*").output
        let image = try HostileImage(engine, "self")
        try image.change(
            "printf '#!/proc/self/exe\\n' > entry; chmod 755 entry; cp \(ProbeProgram.built?.path ?? "") bin/probe")
        try image.importing()

        // As the first program of a container.
        let started = engine.run(["run", "--rm", "--userns", userns, "self", "/entry"])
        #expect(started.status != 0 && !started.timedOut)
        // And from inside, while exec comes in again and again.
        try engine.withContainer(
            ["--userns", userns, "--cap-add", "SYS_PTRACE"], image: "self", ["probe", "overwrite"]
        ) { id in
            let isWatching = eventually { engine.run("logs", id).output.contains("watching") }
            #expect(isWatching)
            for _ in 0..<40 {
                _ = engine.run(["exec", id, "/entry"])
                _ = engine.run("exec", id, "/bin/sleep", "0.01")
            }
            #expect(engine.run("kill", id).status == 0)
            let hasEnded = eventually { engine.exitCode(id) == 137 }
            #expect(hasEnded)
        }
        #expect(engine.host("sha256sum \(folder.path)/*").output == sums)
        engine.expectNothingLeft()
    }

    @Test(
        "a program that is within reach is written to by the same means: the test above can see it",
        .enabled(if: ProbeProgram.built != nil, Comment(rawValue: ProbeProgram.missing)))
    func reachableProgram() throws {
        let image = try HostileImage(engine, "reach")
        try image.change("mkdir tools; cp bin/busybox tools/true; cp \(ProbeProgram.built?.path ?? "") bin/probe")
        try image.importing()
        try engine.withContainer(image: "reach", ["probe", "overwrite"]) { id in
            let isWatching = eventually { engine.run("logs", id).output.contains("watching") }
            #expect(isWatching)
            // 126: it is no program any more.
            let isOverwritten = eventually { engine.run("exec", id, "/tools/true").status == 126 }
            #expect(isOverwritten)
            engine.run("exec", id, "/bin/busybox", "touch", "/stop")
            let hasEnded = eventually { engine.exitCode(id) == 0 }
            #expect(hasEnded)
            #expect(!engine.run("logs", id).output.contains("written 0"))
        }
    }
}

@Suite(
    "Which system calls a container may make", .needsHost, .engine,
    .enabled(if: ProbeProgram.built != nil, Comment(rawValue: ProbeProgram.missing)))
struct SystemCallTests: EngineSuite {
    private func call(_ name: String, _ options: String...) -> String {
        engine.run(["run", "--rm"] + ProbeProgram.volume + options + ["BusyBox", "/probe", "call", name]).text
    }

    @Test(
        "calls with a reason outside of the container are refused, and the filter is what refuses them",
        arguments: [
            ("unshare-user", "EPERM"), ("clone-user", "EPERM"), ("clone3", "ENOSYS"), ("keyctl", "EPERM"),
            ("add_key", "EPERM"),
            ("io_uring_setup", "EPERM"), ("personality", "EPERM"), ("af_vsock", "EAFNOSUPPORT"), ("i386", "ENOSYS"),
            ("open_by_handle_at", "EPERM"),
        ])
    func refused(name: String, expected: String) {
        #expect(call(name) == expected)
        let unconfined = call(name, "--security-opt", "seccomp=unconfined")
        // Where this kernel gives the same answer by itself there is nothing to tell apart.
        let host = engine.host("\(ProbeProgram.built?.path ?? "") call \(name)").text
        #expect(unconfined != expected || host == expected || name == "open_by_handle_at", "\(unconfined)")
    }

    @Test(
        "calls that the kernel refuses too stay refused",
        arguments: [
            ("mount", "EPERM"), ("bpf", "EPERM"), ("perf_event_open", "EPERM"), ("af_alg", "EAFNOSUPPORT"),
            ("userfaultfd", "EPERM"),
            ("tiocsti", "EPERM"),
        ])
    func twice(name: String, expected: String) {
        #expect(call(name) == expected)
    }

    @Test("what ordinary programs need is allowed")
    func allowed() {
        #expect(call("af_inet") == "allowed")
    }

    @Test("a capability opens the calls that it is for")
    func opened() {
        #expect(call("mount", "--cap-add", "SYS_ADMIN") == "allowed")
        #expect(call("unshare-user", "--cap-add", "SYS_ADMIN") == "allowed")
    }

    @Test("exec is under the same filter")
    func exec() throws {
        try engine.withContainer(ProbeProgram.volume) { id in
            #expect(engine.run("exec", id, "/probe", "call", "keyctl").text == "EPERM")
            #expect(engine.run("exec", "--privileged", id, "/probe", "call", "keyctl").text != "EPERM")
        }
    }
}
