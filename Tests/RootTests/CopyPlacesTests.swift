import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("Copying to where something stands already", .needsHost, .engine)
struct CopyPlacesTests: EngineSuite {
    private func inside(_ id: String, _ script: String) -> String {
        engine.run("exec", id, "sh", "-c", script).output
    }

    private func mounts(_ id: String) -> String { inside(id, "cut -d' ' -f5 /proc/self/mountinfo | sort") }

    /// A file of the host with this text, for a mount or a copy.
    private func file(_ name: String, _ text: String) -> String {
        engine.folder.write(text, to: "places/\(name)")
        return engine.folder("places/\(name)")
    }

    @Test("a mounted file stays mounted and gets new content", arguments: ["private", "host"])
    func mounted(userns: String) throws {
        let motd = file("motd-\(userns)", "old, and longer than what comes\n")
        let new = file("new-\(userns)", "new\n")
        let options = ["--userns", userns, "-v", "\(motd):/etc/motd"]
        try engine.withContainer(options) { id in
            let before = mounts(id)
            for target in ["/etc/motd", "/etc/hosts", "/etc/resolv.conf"] {
                let copied = engine.run("cp", new, "\(id):\(target)")
                #expect(copied.status == 0, "\(target): \(copied.errors)")
                #expect(inside(id, "cat \(target)") == "new\n", "\(target)")
            }
            #expect(textOfFile(motd) == "new\n")
            let tar = engine.host(
                """
                mkdir -p t-\(userns)/etc && cd t-\(userns) && printf hosts > etc/hosts && printf tar > etc/motd
                tar -c etc | $CFS cp - \(id):/
                """)
            #expect(tar.status == 0, "\(tar.errors)")
            #expect(inside(id, "cat /etc/hosts /etc/motd") == "hoststar" && textOfFile(motd) == "tar")
            // The mount's own source, which must not be emptied before it is read.
            #expect(engine.run("cp", motd, "\(id):/etc/motd").status == 0)
            #expect(textOfFile(motd) == "tar")
            #expect(symlink("nowhere", engine.folder("places/link-\(userns)")) == 0)
            let refused = engine.run("cp", engine.folder("places/link-\(userns)"), "\(id):/etc/motd")
            #expect(
                refused.status == 1 && refused.errors.contains("\"/etc/motd\" is mounted, and cannot be replaced"),
                "\(refused.errors)")
            #expect(mounts(id) == before)
        }
    }

    @Test("a file that is mounted read-only is an error that names it, and stays as it was", arguments: ["cp", "tar"])
    func readOnly(way: String) throws {
        let motd = file("ro-\(way)", "old\n")
        let new = file("motd", "new\n")
        try engine.withContainer(["-v", "\(motd):/etc/motd:ro"]) { id in
            let before = mounts(id)
            let refused =
                way == "cp"
                ? engine.run("cp", new, "\(id):/etc/motd")
                : engine.host("tar -C places -c motd | $CFS cp - \(id):/etc")
            #expect(
                refused.status == 1 && refused.errors.contains("\"/etc/motd\" is mounted read-only")
                    && refused.errors.contains("hint:"), "\(refused.errors)")
            #expect(inside(id, "cat /etc/motd") == "old\n" && textOfFile(motd) == "old\n")
            #expect(mounts(id) == before)
        }
    }

    @Test("an upload to the daemon leaves mounts alone, too")
    func upload() throws {
        let motd = file("uploaded", "old\n")
        _ = file("up/motd", "new\n")
        let daemon = try DaemonFixture(engine)
        try engine.withContainer(["-v", "\(motd):/etc/motd"]) { id in
            let before = mounts(id)
            let sent = engine.host(
                """
                tar -C places/up -cf up.tar motd
                curl -sS -f -X POST -H 'Content-Type: application/x-tar' --data-binary @up.tar \
                    '\(daemon.url)/containers/\(id)/archive?path=/etc'
                """)
            #expect(sent.status == 0, "\(sent.errors) \(sent.output)")
            #expect(inside(id, "cat /etc/motd") == "new\n" && textOfFile(motd) == "new\n")
            #expect(mounts(id) == before)
        }
    }

    @Test("a device, a pipe and a socket are replaced by nothing else, and an error says what stands there")
    func special() throws {
        let new = file("null", "text\n")
        try engine.withContainer { id in
            _ = inside(id, "mkfifo /tmp/pipe")
            for (target, says) in [
                ("/dev/null", "/dev/null in the container is a device"),
                ("/dev/tty", "/dev/tty in the container is a device"),
                ("/tmp/pipe", "/tmp/pipe in the container is a pipe"), ("/dev", "\"null\" is a device"),
            ] {
                let refused = engine.run("cp", new, "\(id):\(target)")
                #expect(refused.status == 1 && refused.errors.contains(says), "\(target): \(refused.errors)")
            }
            let tar = engine.host("tar -C places -c null | $CFS cp - \(id):/dev")
            #expect(tar.status == 1 && tar.errors.contains("\"null\" is a device"), "\(tar.errors)")
            let folder = engine.run("cp", engine.folder("places"), "\(id):/dev/null")
            #expect(folder.status == 1 && folder.errors.contains("is a device"), "\(folder.errors)")
            let look = "stat -c '%F %t:%T' /dev/null /dev/tty; test -p /tmp/pipe && echo pipe"
            #expect(inside(id, look) == "character special file 1:3\ncharacter special file 5:0\npipe\n")
        }
    }

    @Test("what cannot be copied for a reason of the kernel's, of a link or of a name has a sentence and a hint")
    func sentences() throws {
        let plain = file("plain", "x\n")
        try engine.withContainer { id in
            _ = inside(id, "ln -s /nowhere /tmp/dangling")
            let cases: [(String, says: String)] = [
                (
                    "cp \(plain) \(id):/proc/sys/kernel/hostname",
                    "/proc/sys/kernel is a view into the kernel, in which no files can be made"
                ),
                ("cp \(plain) \(id):/proc/self", "/proc/self in the container is a link of the kernel's own"),
                ("export -o /proc/x \(id)", "/proc is a view into the kernel"),
                ("cp -L \(id):/tmp/dangling out", "/tmp/dangling in the container is a link that leads nowhere"),
            ]
            for (words, says) in cases {
                let refused = engine.run(words.split(separator: " ").map(String.init))
                #expect(refused.status == 1 && refused.errors.contains(says), "\(words): \(refused.errors)")
                #expect(refused.errors.contains("hint:"), "\(words): \(refused.errors)")
            }
            let tar = engine.host("tar -C places -P -c --transform 's,plain,../plain,' plain | $CFS cp - \(id):/tmp")
            #expect(tar.status == 1 && tar.errors.contains("\"../plain\" leads out of the folder"), "\(tar.errors)")
            #expect(tar.errors.contains("hint:") && !tar.errors.contains("image"), "\(tar.errors)")
        }
    }

    @Test("a view into the kernel is no image", arguments: ["/proc", "/sys", "/sys/kernel", "/dev/pts"])
    func imported(folder: String) {
        let refused = engine.run("image", "import", "view", folder)
        #expect(
            refused.status != 0 && refused.errors.contains("\(folder) is a view into the kernel"), "\(refused.errors)")
        #expect(!engine.run("images").output.contains("view"))
    }

    @Test("of a tar or a folder nothing is written below a mount that is not there", arguments: ["created", "stopped"])
    func belowMounts(state: String) throws {
        let volume = engine.folder("places/volume-\(state)")
        let made = engine.host(
            """
            set -e; mkdir -p \(volume)/sub tree-\(state) && cd tree-\(state)
            mkdir -p vol/sub made/vol scratch proc etc plain; echo x | tee vol/f made/vol/f scratch/f etc/hostname plain/f etc/other
            """)
        try #require(made.status == 0, "\(made.errors)")
        let options = ["-v", "\(volume):/vol", "-v", "\(volume):/made/vol", "--tmpfs", "/scratch"]
        try engine.withContainer(options) { running in
            var id = running
            if state == "created" {
                let created = engine.run(
                    ["create", "--name", "places-created"] + options + ["BusyBox", "sleep", "1000"])
                try #require(created.status == 0, "\(created.errors)")
                id = "places-created"
            } else {
                #expect(engine.run("stop", "-t", "0", id).status == 0)
            }
            defer { if state == "created" { _ = engine.run("rm", "-f", id) } }
            for (names, target, says) in [
                ("vol", "/", "/vol/f in the container lies in /vol"), ("plain ./vol/f", "/", "/vol/f in"),
                ("made", "/", "/made/vol/f in the container lies in /made/vol"), ("scratch/f", "/", "/scratch/f in"),
                ("etc/hostname", "", "/etc/hostname in the container lies in /etc/hostname"),
                ("-C etc hostname", "/etc/.", "/etc/hostname in"), ("-C vol f sub", "/vol", "/vol in"),
                ("-C made vol", "/link", "/made/vol/f in the container lies in /made/vol"),
            ] {
                #expect(engine.host("mkdir -p e/made && ln -sfn made e/link && $CFS cp -q e/. \(id):/").status == 0)
                let tar = engine.host("cd tree-\(state) && tar -c \(names) | $CFS cp - \(id):\(target)/")
                #expect(
                    tar.status == 1 && tar.errors.contains(says)
                        && tar.errors.contains("only mounted while the container runs\n  hint: "),
                    "\(names): \(tar.errors)")
            }
            let hard = engine.host(
                "cd tree-\(state)/plain; ln f g; tar -c --transform 's,^f$,vol/f,' g f | $CFS cp - \(id):/")
            #expect(hard.status == 1 && hard.errors.contains("/vol/f in"), "\(hard.errors)")
            for (words, says) in [
                ("tree-\(state)/vol $C:/", "/vol in the container lies in /vol"),
                ("tree-\(state)/. $C:/", "only mounted while"),
                ("tree-\(state)/made/. $C:/made", "/made/vol/f in"), ("tree-\(state) $C:/new", ""),
            ] {
                let copied = engine.host("C=\(id); $CFS cp -q \(words)")
                #expect(
                    copied.status == (says.isEmpty ? 0 : 1)
                        && (says.isEmpty ? copied.errors == "" : copied.errors.contains(says)),
                    "\(words): \(copied.errors)")
            }
            let inner = engine.folder("places/inner-\(state)")
            let nested = ["-v", "\(volume):/vol", "-v", "\(inner):/vol/sub", "--tmpfs", "/vol/tmp"]
            #expect(engine.host("mkdir -p \(inner)").status == 0)
            #expect(
                engine.run(["create", "--name", "places-nested-\(state)"] + nested + ["BusyBox", "true"]).status == 0)
            for (target, hint) in [
                ("sub", "it is \(inner) of"), ("tmp", "start the container first"), ("x", "it is \(volume) of"),
            ] {
                let refused = engine.host("$CFS cp tree-\(state)/plain/f places-nested-\(state):/vol/\(target)/f")
                #expect(refused.status == 1 && refused.errors.contains("hint: \(hint)"), "\(refused.errors)")
            }
            #expect(engine.run("rm", "places-nested-\(state)").status == 0)
            // A start would follow this link to a place that is not there.
            let dangling = engine.run(
                "create", "--name", "places-link-\(state)", "-v", "\(volume):/to/vol", "BusyBox", "true")
            #expect(dangling.status == 0, "\(dangling.errors)")
            let led = engine.host(
                """
                mkdir -p l-\(state)/far/vol && cd l-\(state) && ln -sfn far/away to && echo x >far/vol/f && echo x >far/g
                tar -c to | $CFS cp -q - places-link-\(state):/ && mkdir -p far/away/vol && echo x >far/away/vol/f
                tar -c far/vol far/g | $CFS cp -q - places-link-\(state):/ || exit 9
                tar -c far/away | $CFS cp - places-link-\(state):/
                """)
            #expect(
                led.status == 1 && led.errors.contains("/far/away/vol/f in the container lies in /to/vol"),
                "\(led.errors)")
            #expect(engine.run("rm", "places-link-\(state)").status == 0)
            // Only what a mount is put on is there, and what is no mount's.
            let fine = engine.host(
                "cd tree-\(state) && tar -c --no-recursion vol made made/vol proc plain plain/f | $CFS cp -q - \(id):/")
            #expect(fine.status == 0 && fine.errors == "", "\(fine.errors)")
            let out = engine.host(
                "$CFS cp \(id):/ - >all-\(state).tar; tar -tf all-\(state).tar | grep -E '^(./)?(vol|made|plain|scratch)/' | sort"
            )
            #expect(out.lines.filter { $0.hasSuffix("/f") } == ["./plain/f"], "\(out.output)")
            #expect(
                out.errors.split(separator: "\n").sorted()
                    == ["/made/vol", "/vol"].map {
                        "cfs: warning: \($0) is only mounted while the container runs: what lies there was not copied"
                    }, "\(out.errors)")
            let folder = engine.host("$CFS cp -q \(id):/made out-\(state); $CFS cp -q \(id):/plain out-\(state)")
            #expect(
                folder.errors.split(separator: "\n").count == 1 && folder.errors.contains("/made/vol is only"),
                "\(folder.errors)")
            #expect(engine.run("start", id).status == 0)
            #expect(inside(id, "ls /vol /made/vol; cat /plain/f /new/vol/f") == "/made/vol:\nsub\n\n/vol:\nsub\nx\nx\n")
            let both = engine.host(
                "cd tree-\(state) && tar -c vol made scratch etc/hostname | $CFS cp -q - \(id):/; $CFS cp \(id):/ - | tar -t | grep -c /vol/f"
            )
            #expect(both.lines == ["4"] && both.errors == "", "\(both.output) \(both.errors)")
        }
    }
}
