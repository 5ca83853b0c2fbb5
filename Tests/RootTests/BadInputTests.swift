import Glibc
import TestSupport
import Testing

/// One after the other: each looks at what the engine holds before and after.
@Suite("Bad input has a clear error, and nothing is left behind", .needsHost, .engine, .serialized)
struct BadInputTests: EngineSuite {
    struct Case: Sendable, CustomTestStringConvertible {
        var words: [String]
        var status: Int32 = 125
        /// What standard error must contain.
        var says: [String]
        var testDescription: String { words.joined(separator: " ") }
    }

    /// Runs `cfs` and expects an error in its one form, and an engine as before.
    @discardableResult
    private func expectError(
        _ words: [String], status: Int32 = 125, _ says: [String], environment: [String: String] = [:],
        location: SourceLocation = #_sourceLocation
    ) -> CommandResult {
        // Composed before, so that what is there afterwards can be compared.
        _ = engine.run("run", "--rm", "BusyBox", "true")
        let (stored, containers) = (engine.stored, engine.run("ps", "-aq").output)
        let result = engine.run(words, environment: environment)
        #expect(result.status == status, "\(result.errors)", sourceLocation: location)
        #expect(result.output == "", sourceLocation: location)
        #expect(result.errors.hasPrefix("cfs: "), "\(result.errors)", sourceLocation: location)
        for text in says { #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: location) }
        // One line says what, one what to do; never a trace or an internal name.
        #expect(result.errors.split(separator: "\n").count <= 2, "\(result.errors)", sourceLocation: location)
        #expect(engine.stored == stored, sourceLocation: location)
        #expect(engine.run("ps", "-aq").output == containers, sourceLocation: location)
        engine.expectNothingLeft(location: location)
        return result
    }

    private static let long = String(repeating: "a", count: 300)

    private static let runs: [Case] = [
        Case(
            words: ["run", "-v", "/\(long):/x", "BusyBox", "true"],
            says: ["cfs: --volume: /aaaa", "… has a name of 300 bytes, which is too long", "255 bytes", "4095"]),
        Case(
            words: ["run", "--mount", "type=bind,src=/\(long),dst=/x", "BusyBox", "true"],
            says: ["cfs: --mount: /aaaa", "… has a name of 300 bytes"]),
        Case(
            words: ["run", "-v", "/etc:/\(long)", "BusyBox", "true"],
            says: ["cfs: the mount target /aaaa", "… has a name of 300 bytes"]),
        Case(
            words: ["run", "-w", "/\(long)", "BusyBox", "true"],
            says: ["cfs: --workdir: /aaaa", "… has a name of 300 bytes"]),
        Case(
            words: ["run", "--cidfile", "/\(long)", "BusyBox", "true"],
            says: ["cfs: --cidfile: /aaaa", "… has a name of 300 bytes"]),
        Case(
            words: ["run", "--env-file", "/\(long)", "BusyBox", "true"],
            says: ["cfs: --env-file: /aaaa", "… has a name of 300 bytes"]),
        Case(
            words: ["run", "--label-file", String(repeating: "/\(long.prefix(250))", count: 20), "BusyBox", "true"],
            says: ["cfs: --label-file: /aaaa", "… has 5020 bytes, which is too long"]),
        Case(
            words: ["run", "TinyCoer", "ls"],
            says: ["there is no image \"TinyCoer\"", "did you mean TinyCore", " image import NAME FILE`"]),
        Case(words: ["run", "no/such/image:at-all", "ls"], says: ["there is no image", " image import NAME FILE`"]),
        Case(words: ["run", "", "ls"], says: ["the name of the image is empty"]),
        Case(words: ["run"], says: ["image"]),
        Case(
            words: ["run", "BusyBox", "no-such-command"], status: 127,
            says: ["executable file not found: \"no-such-command\""]),
        Case(words: ["run", "BusyBox", "/etc/passwd"], status: 126, says: ["/etc/passwd cannot be executed"]),
        Case(
            words: ["run", "-v", "/no/such/source:/data", "BusyBox", "ls"],
            says: ["the mount source /no/such/source does not exist"]),
        Case(words: ["run", "-v", "name:/data", "BusyBox", "ls"], says: ["named volumes do not exist yet"]),
        Case(words: ["run", "-v", "/etc:relative", "BusyBox", "ls"], says: ["is not an absolute path"]),
        Case(words: ["run", "-v", "/etc:/", "BusyBox", "ls"], says: ["over the root"]),
        Case(words: ["run", "-v", "/etc:/a/../b", "BusyBox", "ls"], says: [".."]),
        Case(
            words: ["run", "-v", "/etc:/data:raed-only", "BusyBox", "ls"],
            says: ["does not know the word \"raed-only\""]),
        Case(
            words: ["run", "--mount", "type=bind,sorce=/etc,dst=/data", "BusyBox", "ls"], says: ["did you mean source"]),
        Case(words: ["run", "--mount", "type=volume,src=a,dst=/data", "BusyBox", "ls"], says: ["volume"]),
        Case(words: ["run", "--tmpfs", "/x:size=0", "BusyBox", "ls"], says: ["size"]),
        Case(
            words: ["run", "--cap-add", "NET_ADMN", "BusyBox", "ls"],
            says: ["unknown capability \"NET_ADMN\"", "did you mean NET_ADMIN"]),
        Case(
            words: ["run", "--pid", "nonsense", "BusyBox", "ls"],
            says: ["--pid does not know \"nonsense\"", "container:ID"]),
        Case(words: ["run", "--network", "bridge0", "BusyBox", "ls"], says: ["there is no network \"bridge0\""]),
        Case(words: ["run", "--pid", "/no/such/ns", "BusyBox", "ls"], says: ["/no/such/ns"]),
        Case(words: ["run", "--ulimit", "nofile=10:5", "BusyBox", "ls"], says: ["nofile"]),
        Case(words: ["run", "--ulimit", "nofiles=10", "BusyBox", "ls"], says: ["nofiles"]),
        Case(words: ["run", "--env-file", "/no/such/file", "BusyBox", "ls"], says: ["/no/such/file"]),
        Case(words: ["run", "--security-opt", "seccomp=/no/such/file", "BusyBox", "ls"], says: ["/no/such/file"]),
        Case(words: ["run", "--security-opt", "apparmor=x", "BusyBox", "ls"], says: ["apparmor is not supported"]),
        Case(words: ["run", "--hostname", "not a name", "BusyBox", "ls"], says: ["host name"]),
        Case(words: ["run", "--uts", "host", "--hostname", "x", "BusyBox", "ls"], says: ["--hostname", "--uts"]),
        Case(
            words: ["run", "-v", "/etc:/etc/passwd", "BusyBox", "ls"],
            says: ["/etc/passwd is a file of the image", "mount a folder on a folder"]),
        Case(words: ["run", "-v", "/etc/passwd:/tmp", "BusyBox", "ls"], says: ["/tmp is a folder of the image"]),
        Case(
            words: ["run", "--ipc", "/etc/passwd", "BusyBox", "ls"],
            says: ["/etc/passwd is no namespace of the kind that is to be joined", "/proc/PID/ns/ipc"]),
        Case(
            words: ["run", "--ipc", "/proc/self/ns/net", "BusyBox", "ls"],
            says: ["/proc/self/ns/net is no namespace of the kind"]),
        Case(
            words: ["run", "--pull", "always", "BusyBox", "ls"],
            says: ["--pull is not possible: images come from no registry", "image fetch NAME"]),
        Case(words: ["run", "--gpus", "all", "BusyBox", "ls"], says: ["--gpus is not possible", "--device"]),
        Case(words: ["run", "--name", "-bad-", "BusyBox", "ls"], says: ["name"]),
        Case(words: ["run", "--umask", "99", "BusyBox", "ls"], says: ["mask"]),
        Case(words: ["run", "--oom-score-adj", "1001", "BusyBox", "ls"], says: ["1001"]),
        Case(words: ["run", "--stop-signal", "NOSUCH", "BusyBox", "ls"], says: ["NOSUCH"]),
        Case(words: ["run", "-w", "relative", "BusyBox", "ls"], says: ["is not an absolute path"]),
        Case(words: ["run", "-it", "BusyBox", "sh"], says: ["the input device is not a terminal", "leave -t away"]),
        Case(words: ["run", "--nmae", "x", "BusyBox", "ls"], says: ["--nmae", "--name"]),
        Case(words: ["exec", "nobody", "ls"], says: ["there is no container \"nobody\""]),
    ]

    @Test("in what `run` and `exec` are given", arguments: runs)
    func run(call: Case) { expectError(call.words, status: call.status, call.says) }

    private static let others: [Case] = [
        Case(words: ["rnu"], status: 64, says: ["unknown command \"rnu\"", "did you mean cfs ", "run"]),
        Case(words: ["--rooot", "/x", "ps"], status: 64, says: ["unknown option --rooot", "--root"]),
        Case(words: ["ps", "--alll"], status: 64, says: ["--alll"]),
        Case(words: ["image", "nonsense"], status: 64, says: ["unknown command \"nonsense\""]),
        Case(words: ["inspect"], status: 64, says: ["container"]),
        Case(words: ["logs", "nobody"], status: 1, says: ["there is no container \"nobody\""]),
        Case(words: ["logs", "--tail", "-5", "nobody"], status: 64, says: ["--tail"]),
        Case(words: ["stop", "nobody"], status: 1, says: ["there is no container \"nobody\""]),
        Case(words: ["kill", "-s", "NOSUCH", "nobody"], status: 64, says: ["NOSUCH"]),
        Case(words: ["rm", "nobody"], status: 1, says: ["there is no container \"nobody\""]),
        Case(words: ["image", "rm", "nothing"], status: 1, says: ["there is no image \"nothing\""]),
        Case(words: ["image", "inspect", "TinyCoer"], status: 1, says: ["did you mean TinyCore"]),
        Case(words: ["image", "import", "bad name", "/etc"], status: 64, says: ["is not the name of an image"]),
        Case(
            words: ["image", "import", "x", "/no/such/file"], status: 1,
            says: ["there is no file or folder /no/such/file"]),
        Case(
            words: ["image", "import", "x", "/\(long)"], status: 64,
            says: ["cfs: the file to import: /aaaa", "… has a name of 300 bytes, which is too long"]),
        Case(
            words: ["image", "export", "-o", "/\(long)", "BusyBox"], status: 64,
            says: ["cfs: --output: /aaaa", "… has a name of 300 bytes"]),
        Case(
            words: ["image", "import", "5bc637eea98f", "/etc"], status: 64,
            says: ["would be taken for the ID of an image", "other letters"]),
        Case(words: ["image", "import", "sha256:abc", "/etc"], status: 64, says: ["would be taken for the ID"]),
        Case(words: ["ps", "--host", "unix:///x"], status: 64, says: ["--host stands before the command"]),
        Case(
            words: ["events", "--since", "1h", "--until", "2h"], status: 64, says: ["--until lies before --since"]),
        Case(
            words: ["history", "--since", "1h", "--until", "2h"], status: 64, says: ["--until lies before --since"]),
        Case(
            words: ["logs", "--since", "1h", "--until", "2h", "x"], status: 64, says: ["--until lies before --since"]),
        Case(words: ["image", "rm", "-f", "SlitazOS"], status: 1, says: ["SlitazOS of the catalogue is not here yet"]),
        Case(
            words: ["image", "export", "-o", "/no/such/folder/x", "BusyBox"], status: 1,
            says: ["there is no folder /no/such/folder", "mkdir -p"]),
        Case(words: ["image", "export", "-o", "/etc", "BusyBox"], status: 1, says: ["/etc is a folder"]),
        Case(
            words: ["image", "export", "-o", "/etc/passwd/x", "BusyBox"], status: 1,
            says: ["/etc/passwd is not a folder"]),
    ]

    @Test("in what other verbs are given", arguments: others)
    func other(call: Case) {
        _ = engine.run("run", "--rm", "BusyBox", "true")
        let result = engine.run(call.words)
        #expect(result.status == call.status, "\(result.errors)")
        #expect(result.errors.hasPrefix("cfs: "))
        for text in call.says { #expect(result.errors.contains(text), "\(result.errors)") }
        engine.expectNothingLeft()
    }

    @Test("a name that is taken")
    func takenName() throws {
        try engine.withContainer(["--name", "taken"]) { id in
            let result = engine.run("run", "--rm", "--name", "taken", "BusyBox", "true")
            #expect(result.status == 125)
            #expect(result.errors.contains("taken"))
            #expect(engine.leaks.folders.count == 2 && engine.leaks.folders.allSatisfy { $0.hasSuffix(id) })
            #expect(engine.run("ps", "-aq", "--no-trunc").text == id)
        }
    }

    @Test("an image without a command")
    func noCommand() throws {
        let image = try HostileImage(engine, "silent")
        // A shell would be the command of any root file system that has one.
        try image.change("rm bin/sh")
        try image.importing()
        expectError(["run", "silent"], ["the image silent has no command", "\(engine.typed) run silent COMMAND"])
        expectError(["run", "--entrypoint", "", "silent"], ["has no command"])
        expectError(["run", "BusyBox", ""], ["the command to run is an empty word"])
    }

    @Test("a script whose interpreter the image does not have, and a program of no known form")
    func badPrograms() throws {
        let image = try HostileImage(engine, "programs")
        try image.change(
            "printf '#!/no/such/interpreter\\n' > script; printf 'neither\\n' > noise; chmod 755 script noise")
        try image.importing()
        expectError(["run", "programs", "/script"], status: 127, ["the interpreter of /script does not exist"])
        expectError(
            ["run", "programs", "/noise"], status: 126, ["/noise cannot be executed", "neither a program nor a script"])
    }

    @Test("a program of an image for another processor is told as that, whether it is run at once or started")
    func foreignArchitecture() throws {
        let image = try HostileImage(engine, "foreign")
        // The header of a program for s390x (elf(5)): e_machine is 22, and numbers are big-endian.
        try image.change(
            """
            printf '\\177ELF\\002\\002\\001' > bin/busybox; head -c 9 /dev/zero >> bin/busybox
            printf '\\000\\002\\000\\026' >> bin/busybox; head -c 100 /dev/zero >> bin/busybox
            """)
        try image.importing()
        let hint = "hint: the image foreign is for s390x, and this machine is "
        expectError(["run", "foreign", "/bin/sh"], status: 126, ["/bin/sh cannot be executed", hint])
        #expect(engine.run("create", "--name", "other", "foreign", "/bin/sh").status == 0)
        let started = engine.run("start", "-a", "other")
        #expect(started.status == 126 && started.errors.contains(hint), "\(started.errors)")
        #expect(engine.run("rm", "other").status == 0)
    }

    @Test("a state folder that is no absolute path")
    func relativeRoot() {
        let result = engine.host("CFS_ROOT=relative CFS_RUN=run \(engine.binary) ps")
        #expect(result.status == 64)
        #expect(result.errors.contains("the root folder \"relative\" is not an absolute path"), "\(result.errors)")
        #expect(engine.host("\(engine.binary) --root '' ps").status == 64)
        #expect(namesInFolder(engine.folder.path).allSatisfy { $0 != "relative" })
    }

    @Test("a state folder that cannot be made", arguments: ["--root", "--run"])
    func impossibleFolder(option: String) {
        let result = engine.host("\(engine.binary) \(option) /proc/self/no-such system recover")
        #expect(result.status == 1 && result.output == "")
        #expect(
            result.errors.hasPrefix("cfs: the engine's folder /proc/self/no-such cannot be made"), "\(result.errors)")
        #expect(result.errors.contains("hint: \(option) names a place"), "\(result.errors)")
    }

    @Test("a user without the means for containers hears what is missing")
    func ordinaryUser() throws {
        let folder = TemporaryDirectory()
        chmod(folder.path, 0o755)
        let copied = engine.host("cp \(engine.binary) $(dirname \(engine.binary))/cfs-runtime \(folder.path)")
        try #require(copied.status == 0, "\(copied.errors)")
        folder.makeFolder("state", mode: 0o777)
        let start =
            "setpriv --reuid 65534 --regid 65534 --clear-groups \(folder.path)/cfs --root \(folder.path)/state/root --run \(folder.path)/state/run"
        let result = engine.host("\(start) run --rm BusyBox true")
        #expect(result.status == 125)
        #expect(result.errors.contains("making containers needs root, and this is user 65534"), "\(result.errors)")
        #expect(result.errors.contains("/etc/subuid"))
        #expect(namesInFolder(folder("state/root")).isEmpty)
        // Somebody else's folders.
        let user = "setpriv --reuid 65534 --regid 65534 --clear-groups"
        for verb in ["ps -a", "images", "info", "logs x", "explain BusyBox", "image inspect BusyBox"] {
            let refused = engine.host("\(user) \(folder.path)/cfs --root /root/cfs --run /root/cfs \(verb)")
            #expect(
                refused.errors.contains("reading /root/cfs needs root, and this is user 65534"), "\(refused.errors)")
            #expect(refused.errors.contains("hint: run it as root"))
        }
        let image = engine.host("\(start) image import x /etc")
        #expect(image.status == 1 && image.errors.contains("making an image needs root"), "\(image.errors)")
    }

    @Test("a file system that cannot be mounted with an id map, and what to do then")
    func noIDMap() {
        // An overlay is such a file system. It is mounted in a namespace of its own, and ends with it.
        engine.folder.makeFolder("overlay/lower")
        for name in ["upper", "work", "merged"] { engine.folder.makeFolder("overlay/\(name)") }
        let script = """
            unshare -m --propagation private bash -c 'cd overlay
            mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none merged || exit 99
            \(engine.binary) --root $PWD/merged/root --run $PWD/merged/run run --rm BusyBox true; status=$?
            ls merged/root/containers merged/run
            rmdir $(\(engine.binary) --root $PWD/merged/root --run $PWD/merged/run info | sed -n "s/^  Folder: //p"); exit $status'
            """
        let result = engine.host(script)
        #expect(result.status == 125, "\(result.errors)")
        #expect(result.errors.contains("cannot be mounted with an id map"), "\(result.errors)")
        #expect(result.errors.contains("--userns host"))
        #expect(result.lines.filter { $0.utf8.count == 36 }.isEmpty)
    }
}
