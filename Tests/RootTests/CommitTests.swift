import Glibc
import TestSupport
import Testing

@Suite("Images of containers", .needsHost, .engine)
struct CommitTests: EngineSuite {
    /// Commits, and gives the digest that was printed.
    private func commit(_ arguments: String...) throws -> String {
        let result = engine.run(["commit"] + arguments)
        try #require(result.status == 0, "\(result.errors)")
        #expect(result.text.hasPrefix("sha256:") && result.lines.count == 1)
        return result.text
    }

    @Test("what was written is there, what was deleted stays deleted, with owners, modes and links")
    func content() throws {
        let script = """
            echo mine > /file; rm /etc/passwd; rm -r /tmp; mkdir -m 1700 /tmp; chown 33:7 /file; chmod 4711 /file
            ln /file /twin; ln -s /file /link; rm -r /usr/sbin; mkdir /usr/sbin; echo new > /usr/sbin/only
            """
        for (name, stops) in [("commit-running", false), ("commit-stopped", true)] {
            try engine.withContainer { id in
                #expect(engine.run("exec", id, "sh", "-c", script).status == 0)
                if stops { #expect(engine.run("stop", "-t", "0", id).status == 0) }
                let digest = try commit(id, name)
                #expect(try engine.json("image", "inspect", name)[0]["Id"].text == digest)
                if !stops { #expect(try engine.inspect(id)["State"]["Status"].text == "running") }
            }
            let look = """
                cat /link; ls /etc/passwd /usr/sbin; stat -c '%u:%g %a %h' /twin; stat -c '%a %u' /tmp; ls -A /tmp; id -u
                """
            let seen = engine.run("run", "--rm", name, "sh", "-c", look)
            #expect(seen.output == "mine\n/usr/sbin:\nonly\n33:7 4711 2\n1700 0\n0\n", "\(seen.output)")
            #expect(seen.errors.contains("/etc/passwd"))
            #expect(engine.run("run", "--rm", name, "cat", "/file").output == "mine\n")
            #expect(engine.run("image", "rm", name).status == 0)
        }
    }

    @Test("changes of what the image says, and the rest as before")
    func configuration() throws {
        try engine.withContainer(["--label", "of=container"]) { id in
            _ = try commit(
                "-a", "Somebody", "-m", "a note", "-c", #"CMD ["sh", "-c", "echo $A; pwd; id -u"]"#, "-c",
                "ENV A=one B='two words'", "-c", "WORKDIR /etc", "-c", "USER 33", "-c", "LABEL k=v", "-c",
                "EXPOSE 80 53/udp",
                "-c", "VOLUME /data", "--change", "STOPSIGNAL INT", id, "commit-config:2")
            let image = try engine.json("image", "inspect", "commit-config:2")[0]
            let config = image["Config"]
            #expect(config["Env"].texts.suffix(2) == ["A=one", "B=two words"])
            #expect(config["User"].text == "33" && config["StopSignal"].text == "INT")
            #expect(config["ExposedPorts"].names == ["80/tcp", "53/udp"] && config["Volumes"].names == ["/data"])
            #expect(config["Labels"] == .object(["k": .text("v")]))
            #expect(image["Source"].text == "committed")
            #expect(image["Author"].text == "Somebody" && image["Comment"].text == "a note")
            let last = try #require(image["History"].array.last)
            #expect(last["author"].text == "Somebody" && last["comment"].text == "a note")
            #expect(last["created_by"].text == "sleep 1000")
            #expect(engine.run("run", "--rm", "commit-config:2").output == "one\n/etc\n33\n")
            // The document that other engines read.
            let file = engine.folder("config.tar")
            #expect(engine.run("image", "export", "-q", "-o", file, "commit-config:2").status == 0)
            for member in [#""author":"Somebody""#, #""comment":"a note""#] {
                #expect(engine.host("tar -xOf \(file) | grep -a -c '\(member)'").text == "1", "\(member)")
            }
            let copied = engine.run("image", "import", "-q", "commit-copy", file)
            #expect(copied.status == 0, "\(copied.errors)")
            let copy = try engine.json("image", "inspect", "commit-copy")[0]
            #expect(
                copy["Config"] == config && copy["Author"] == image["Author"] && copy["History"] == image["History"])
        }
    }

    @Test("without a name the image is called by its digits; images of images, and of images whose name is gone")
    func names() throws {
        let image = try HostileImage(engine, "commit-base")
        try image.importing()
        try engine.withContainer(image: "commit-base") { id in
            #expect(engine.run("exec", id, "sh", "-c", "echo 1 > /one").status == 0)
            let digest = try commit(id)
            let short = String(digest.dropFirst("sha256:".count).prefix(12))
            try engine.withContainer(image: short) { second in
                #expect(engine.run("exec", second, "sh", "-c", "rm /one; echo 2 > /two").status == 0)
                _ = try commit(second, "commit-second")
            }
            #expect(engine.run("image", "rm", short).status == 0)
            #expect(engine.run("run", "--rm", "commit-second", "sh", "-c", "cat /two; ls /one").output == "2\n")
            #expect(try engine.json("image", "inspect", "commit-second")[0]["Layers"].array.count == 3)
            #expect(engine.run("image", "rm", "--force", "commit-base").status == 0)
            #expect(engine.run("image", "rm", "commit-second").status == 0)
            let refused = engine.run("commit", id, "commit-late")
            #expect(refused.status == 1 && refused.errors.contains("was removed"), "\(refused.errors)")
            #expect(refused.errors.contains("\(engine.typed) export"))
        }
    }

    @Test("volumes and the engine's own files do not come along")
    func mounts() throws {
        let share = engine.folder.makeFolder("commit-share", mode: 0o777)
        try engine.withContainer(["-v", "\(share):/data/in", "--hostname", "secret-name"]) { id in
            let script = "echo x > /data/in/x; echo x >> /etc/hosts; echo x > /dev/shm/x"
            #expect(engine.run("exec", id, "sh", "-c", script).status == 0)
            _ = try commit(id, "commit-mounts")
            let layers = try engine.json("image", "inspect", "commit-mounts")[0]["Layers"].array
            let path = try #require(layers.last?["Path"].text)
            #expect(namesInFolder(path) == [])
        }
    }

    @Test("it stands still meanwhile, unless that is not wanted, and goes on afterwards")
    func pause() throws {
        // Two files that are always written together, one after the other.
        let writer = "i=0; while :; do i=$((i+1)); for n in a b; do echo $i > /t; mv /t /$n; done; done"
        try engine.withContainer([], ["sh", "-c", writer]) { id in
            #expect(eventually { engine.run("exec", id, "cat", "/b").status == 0 })
            _ = try commit(id, "commit-pause")
            let result = engine.run("run", "--rm", "commit-pause", "sh", "-c", "cat /a /b")
            let numbers = result.lines.compactMap { Int($0) }
            #expect(numbers.count == 2 && (0...1).contains(numbers[0] - numbers[1]), "\(result.output)")
            #expect(try engine.inspect(id)["State"]["Status"].text == "running")
            // Told as one, and remembered as what was asked for.
            let events = engine.run("events", "--since", "1h", "--until", "0s", "--filter", "container=\(id)").lines
            let actions = events.map { $0.split(separator: " ")[2] }
            #expect(actions.suffix(3).sorted() == ["commit", "pause", "unpause"], "\(events)")
            let remembered = try engine.json("history", "--filter", "container=\(id)", "--format", "json")
            let verbs = remembered.array.compactMap { $0["Verb"].text }
            #expect(verbs.contains("commit") && !verbs.contains("pause") && !verbs.contains("unpause"), "\(verbs)")
            for option in ["--no-pause", "--pause=false", "-p"] { _ = try commit(option, id, "commit-pause") }
            // One that somebody has paused stays so.
            #expect(engine.run("pause", id).status == 0)
            _ = try commit(id, "commit-pause")
            #expect(try engine.inspect(id)["State"]["Status"].text == "paused")
        }
    }

    @Test(
        "when it is killed its container goes on; not what somebody has paused, and what is left all the same is for recover"
    )
    func killedWhilePaused() throws {
        let writing = ["sh", "-c", "head -c 300000000 /dev/urandom > /big; echo ready; sleep 1000"]
        try engine.withContainer([], writing) { id in
            func status() throws -> String? { try engine.inspect(id)["State"]["Status"].text }
            func isPaused() -> Bool {
                do { return try status() == "paused" } catch { return false }
            }
            #expect(eventually { engine.run("logs", id).output == "ready\n" })
            let monitor = try engine.monitor(id)
            for isPausedAgain in [false, true] {
                let commit = engine.start(["commit", id, "commit-killed"])
                #expect(eventually { isPaused() })
                if isPausedAgain {
                    #expect(engine.run("unpause", id).status == 0 && engine.run("pause", id).status == 0)
                }
                commit.signal(SIGKILL)
                _ = commit.finish()
                if isPausedAgain {
                    // Its monitor has heard of it once it has closed its copy of the mark.
                    #expect(eventually { !engine.host("ls -l /proc/\(monitor)/fd").output.contains("standstill") })
                    #expect(isPaused() && engine.run("unpause", id).status == 0)
                } else {
                    #expect(eventually { !isPaused() })
                }
                #expect(!namesInFolder("\(engine.runFolder)/\(id)").contains("standstill"))
            }
            // A monitor of another version may leave it so.
            let mark = engine.runFolder + "/\(id)/standstill"
            for isPausedAgain in [false, true] {
                #expect(engine.run("pause", id).status == 0)
                #expect(engine.host("touch \(mark)").status == 0)
                if isPausedAgain {
                    // It is the user's now.
                    let taken = engine.run("pause", id)
                    #expect(taken.status == 0, "\(taken.errors)")
                    #expect(engine.run("pause", id).errors.contains("is paused already"))
                }
                #expect(engine.run("system", "recover").status == 0)
                #expect(
                    isPaused() == isPausedAgain && !namesInFolder("\(engine.runFolder)/\(id)").contains("standstill"))
            }
            #expect(engine.run("unpause", id).status == 0)
            // One that does not answer does not hold a commit up, and that ends the standstill itself.
            #expect(kill(monitor, SIGSTOP) == 0)
            _ = try commit(id, "commit-stopped")
            let isLeft = isPaused()
            #expect(kill(monitor, SIGCONT) == 0 && !isLeft)
            // One that is late leaves it as it is, too.
            #expect(kill(monitor, SIGSTOP) == 0)
            let late = engine.start(["commit", id, "commit-late"])
            #expect(eventually { isPaused() })
            #expect(kill(monitor, SIGCONT) == 0)
            #expect(eventually { engine.host("ls -l /proc/\(monitor)/fd").output.contains("standstill") })
            #expect(isPaused())
            let ended = late.finish()
            #expect(ended.status == 0 && !isPaused(), "\(ended.errors)")
        }
    }

    @Test(
        "there is no image of a container that somebody lets go on meanwhile", arguments: ["unpause", "stop", "pause"])
    func letGoOn(verb: String) throws {
        let writing = ["sh", "-c", "head -c 200000000 /dev/urandom > /big; echo ready; sleep 1000"]
        let name = "commit-let-\(verb)"
        try engine.withContainer([], writing) { id in
            #expect(eventually { engine.run("logs", id).output == "ready\n" })
            let commit = engine.start(["commit", id, name])
            #expect(
                eventually { engine.run("ps", "--filter", "status=paused", "--no-trunc", "-q").output.contains(id) })
            commit.signal(SIGSTOP)
            for command in [["exec", id, "true"], ["attach", id]] {
                let refused = engine.run(command)
                #expect(refused.status == 125 && refused.errors.contains("is paused for a commit"), "\(refused)")
                #expect(refused.errors.contains("it goes on when the commit has ended"), "\(refused)")
            }
            if verb == "stop" {
                #expect(engine.run("stop", "-t", "0", id).status == 0)
            } else {
                #expect(engine.run("unpause", id).status == 0)
                if verb == "pause" { #expect(engine.run("pause", id).status == 0) }
            }
            commit.signal(SIGCONT)
            let ended = commit.finish()
            #expect(
                ended.status == 1 && ended.errors.contains("did not stand still to the end: somebody has let it go on"),
                "\(ended.errors)")
            #expect(!engine.run("images").output.contains(name))
            let state = try engine.inspect(id)["State"]["Status"].text
            #expect(state == ["unpause": "running", "stop": "exited", "pause": "paused"][verb])
        }
    }

    /// Begins a commit, and halts it while it reads the container's `/big`.
    private func haltedCommit(_ id: String, _ name: String) -> RunningCommand {
        let commit = engine.start(["commit", id, name])
        #expect(eventually { engine.host("ls -l /proc/\(commit.pid)/fd").output.contains("/big\n") })
        commit.signal(SIGSTOP)
        return commit
    }

    @Test("one that waits for its next run waits on meanwhile")
    func waitsOn() throws {
        let script = "test -e /big || head -c 200000000 /dev/urandom > /big; echo x >> /runs; exit 1"
        try engine.withContainer(["--restart", "always"], ["sh", "-c", script]) { id in
            func runs() -> Int { Int(engine.run("inspect", "--format", "{{.RestartCount}}", id).text) ?? 0 }
            // From the sixth time on it waits for more than three seconds.
            #expect(
                eventually {
                    runs() >= 6
                        && engine.run("ps", "-q", "--no-trunc", "--filter", "status=restarting").output.contains(id)
                })
            let commit = haltedCommit(id, "commit-waits")
            let before = runs()
            // A tenth of a second before the first, twice as much before each further one.
            #expect(engine.host("sleep \((1 << before) / 10 + 2)").status == 0)
            #expect(runs() == before)
            commit.signal(SIGCONT)
            let ended = commit.finish()
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(eventually { runs() > before })
        }
    }

    @Test("a monitor that was stopped while its container waits holds up no commit and no copy without end")
    func stoppedMonitor() throws {
        try engine.withContainer(["--restart", "always"], ["false"]) { id in
            #expect(
                eventually {
                    engine.run("inspect", "--format", "{{.RestartCount}} {{.State.Status}}", id).text == "6 restarting"
                })
            let monitor = "-f 'cfs-runtime monitor .*\(id)'"
            #expect(engine.host("pkill -STOP \(monitor)").status == 0)
            for arguments in [["commit", id, "commit-deaf"], ["cp", "/etc/hosts", "\(id):/x"]] {
                let refused = engine.run(arguments)
                #expect(
                    refused.status == 1 && refused.errors.contains("which waits for its next run, does not answer"),
                    "\(refused.errors)")
                #expect(refused.errors.contains("hint: was it stopped? Let it go on: pkill -CONT \(monitor)\n"))
            }
            #expect(engine.host("pkill -CONT \(monitor)").status == 0)
            _ = try commit(id, "commit-deaf")
        }
    }

    @Test("there is no image of one that is started meanwhile, or let go on by whom it was paused")
    func startedMeanwhile() throws {
        let writing = ["sh", "-c", "head -c 200000000 /dev/urandom > /big; echo ready; sleep 1000"]
        try engine.withContainer([], writing) { id in
            #expect(eventually { engine.run("logs", id).output == "ready\n" })
            for (before, meanwhile, says) in [
                ("pause", "unpause", "somebody has let it go on"), ("stop", "start", "it was started"),
            ] {
                #expect(engine.run([before] + (before == "stop" ? ["-t", "0"] : []) + [id]).status == 0)
                let commit = haltedCommit(id, "commit-started")
                #expect(engine.run(meanwhile, id).status == 0)
                commit.signal(SIGCONT)
                let ended = commit.finish()
                #expect(
                    ended.status == 1 && ended.errors.contains("did not stand still to the end: \(says)"),
                    "\(ended.errors)")
                #expect(!engine.run("images").output.contains("commit-started"))
                let state = try engine.inspect(id)["State"]["Status"].text
                #expect(state == "running")
            }
        }
    }

    @Test("of a container that is removed meanwhile there is no image, export or copy, and the error says why")
    func removedMeanwhile() throws {
        let writing = """
            head -c 200000000 /dev/urandom > /big; mkdir /z; for i in $(seq 200); do echo $i > /z/f$i; done; echo ready; \
            sleep 1000
            """
        let tar = engine.folder("removed.tar")
        let copy = engine.folder("removed.copy")
        for verb in [["commit", "gone", "commit-gone"], ["export", "-o", tar, "gone"], ["cp", "gone:/", copy]] {
            #expect(engine.run("run", "-d", "--name", "gone", "BusyBox", "sh", "-c", writing).status == 0)
            #expect(eventually { engine.run("logs", "gone").output == "ready\n" })
            let id = try engine.inspect("gone")["Id"].text ?? ""
            let reading = engine.start(verb)
            // It reads the large file by then.
            #expect(
                eventually {
                    engine.run("ps", "--filter", "name=gone", "--filter", "status=paused", "-q").output != ""
                        || engine.host("ls \(tar).* || ls \(copy)/big").status == 0
                })
            // It must not be done before the container is gone.
            reading.signal(SIGSTOP)
            #expect(engine.run("rm", "-f", id).status == 0)
            reading.signal(SIGCONT)
            let ended = reading.finish()
            #expect(
                ended.status == 1 && ended.errors.contains("was removed while its files were read"), "\(ended.errors)")
            #expect(!engine.run("images").output.contains("commit-gone"))
            #expect(engine.host("ls \(tar)* \(copy)").output == "")
        }
    }

    @Test("of two at once the second stands still for itself: when it is killed, its container goes on")
    func killedSecond() throws {
        let writing = ["sh", "-c", "head -c 200000000 /dev/urandom > /big; echo ready; sleep 1000"]
        try engine.withContainer([], writing) { id in
            func isPaused() -> Bool {
                do { return try engine.inspect(id)["State"]["Status"].text == "paused" } catch { return false }
            }
            #expect(eventually { engine.run("logs", id).output == "ready\n" })
            let first = engine.start(["commit", id, "commit-first"])
            #expect(eventually { isPaused() })
            let meanwhile = engine.run("pause", id)
            #expect(
                meanwhile.status == 1
                    && meanwhile.errors.contains("stands still for a commit, and goes on after it\n  hint: "),
                "\(meanwhile.errors)")
            let second = engine.start(["commit", id, "commit-second"])
            let ended = first.finish()
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(eventually { isPaused() })
            second.signal(SIGKILL)
            _ = second.finish()
            #expect(eventually { !isPaused() })
            #expect(!namesInFolder("\(engine.runFolder)/\(id)").contains("standstill"))
        }
    }

    @Test(
        "what is wrong is said, and there is no image",
        arguments: [
            (["-c", "FROM x"], "a change cannot begin with \"FROM\"", 64), (["-c", "ENV"], "lacks a key", 64),
            (["-c", "WORKDIR rel"], "lacks an absolute path", 64), (["-c", "STOPSIGNAL no"], "STOPSIGNAL", 64),
            (["-p", "--no-pause"], "exclude each other", 64),
        ] as [([String], String, Int32)])
    func wrong(options: [String], says: String, status: Int32) throws {
        let result = engine.run(["commit"] + options + ["no-such-container", "commit-wrong"])
        #expect(result.status == status, "\(result.errors)")
        #expect(result.errors.contains(says) || options.contains("STOPSIGNAL no"), "\(result.errors)")
    }

    @Test("a container cannot smuggle marks into a layer")
    func reserved() throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "sh", "-c", "mkdir /d; echo > /d/.wh..wh..opq").status == 0)
            let refused = engine.run("commit", id, "commit-reserved")
            #expect(refused.status == 1 && refused.errors.contains("d/.wh..wh..opq"), "\(refused.errors)")
            #expect(engine.run("image", "inspect", "commit-reserved").status == 1)
            #expect(engine.run("commit", id, "Not A Name").status != 0)
            let state = try engine.inspect(id)["State"]
            #expect(state["Status"].text == "running")
        }
    }
}
