import TestSupport
import Testing

@Suite("The process that runs inside", .needsHost, .engine)
struct RunProcessTests: EngineSuite {
    @Test("-e sets a variable, takes the caller's value by name, and the last one counts")
    func environment() {
        let command = [
            "run", "--rm", "-e", "A=1", "-e", "A=2", "-e", "B= with space", "-e", "CALLER", "-e", "ABSENT", "BusyBox",
        ]
        let result = engine.run(
            command + ["sh", "-c", "echo \"$A|$B|$CALLER|${ABSENT-unset}\""], environment: ["CALLER": "mine"])
        #expect(result.output == "2| with space|mine|unset\n")
    }

    @Test("the caller's environment stays outside")
    func nothingInherited() {
        let result = engine.run(
            ["run", "--rm", "BusyBox", "env"], environment: ["SECRET": "value", "LD_PRELOAD": "/x"])
        #expect(Set(result.lines.map { $0.prefix { $0 != "=" } }) == ["PATH", "HOSTNAME", "HOME"])
    }

    @Test("--env-file is read, and -e goes over it")
    func environmentFile() {
        engine.folder.write("# comment\nA=file\nB=file=with=equals\n", to: "env")
        let result = engine.inside("echo $A $B", "--env-file", engine.folder("env"), "-e", "A=option")
        #expect(result.output == "option file=with=equals\n")
    }

    @Test("-w is the working folder, and is made when the image lacks it")
    func workingFolder() {
        #expect(engine.inside("pwd", "-w", "/etc").output == "/etc\n")
        #expect(engine.inside("pwd; ls -a | wc -l", "-w", "/new/deep").output == "/new/deep\n2\n")
        let file = engine.inside("pwd", "-w", "/etc/passwd")
        #expect(file.status == 125)
        #expect(file.errors.contains("/etc/passwd is not a folder"), "\(file.errors)")
    }

    @Test("--entrypoint replaces the image's, and an empty one removes it")
    func entrypoint() throws {
        #expect(engine.run("run", "--rm", "--entrypoint", "echo", "BusyBox", "a", "b").output == "a b\n")
        #expect(engine.run("run", "--rm", "--entrypoint", "", "BusyBox", "echo", "c").output == "c\n")
    }

    @Test("everything behind the image belongs to the command")
    func optionsEnd() {
        #expect(
            engine.run("run", "--rm", "BusyBox", "echo", "--rm", "-it", "--", "--name=x").output
                == "--rm -it -- --name=x\n")
    }

    @Test("--init reaps orphans, and without it they stay")
    func initReaps() throws {
        // The inner shell ends first, so process 1 inherits its child.
        let orphan = "sh -c 'sleep 0.1 & echo $!'"
        try engine.withContainer(["--init"]) { id in
            #expect(engine.run("exec", id, "cat", "/proc/1/comm").output == "cfs-init\n")
            let number = engine.run("exec", id, "sh", "-c", orphan).text
            #expect(Int(number) != nil)
            #expect(eventually { engine.run("exec", id, "test", "-d", "/proc/\(number)").status == 1 })
        }
        try engine.withContainer { id in
            let number = engine.run("exec", id, "sh", "-c", orphan).text
            #expect(eventually { engine.run("exec", id, "cat", "/proc/\(number)/stat").output.contains(") Z ") })
        }
    }

    @Test("--init passes signals and the exit status on")
    func initForwards() {
        let script = "trap 'exit 42' TERM; echo up; while :; do sleep 0.05; done"
        let command = engine.start(["run", "--rm", "--init", "BusyBox", "sh", "-c", script])
        #expect(command.waitForOutput("up"))
        command.signal(15)
        #expect(command.finish().status == 42)
    }

    @Test("a signal to cfs reaches the command", arguments: [(1, "HUP"), (2, "INT"), (10, "USR1"), (15, "TERM")])
    func signals(number: Int32, name: String) {
        let script = "trap 'echo got \(name); exit 5' \(name); echo up; while :; do sleep 0.05; done"
        let command = engine.start(["run", "--rm", "BusyBox", "sh", "-c", script])
        #expect(command.waitForOutput("up"))
        command.signal(number)
        let result = command.finish()
        #expect(result.status == 5)
        #expect(result.output == "up\ngot \(name)\n")
    }

    @Test("--umask is the file creation mask, 022 without it")
    func umask() {
        #expect(engine.inside("umask").output == "0022\n")
        #expect(engine.inside("umask; touch /tmp/x; stat -c %a /tmp/x", "--umask", "027").output == "0027\n640\n")
    }

    @Test("--ulimit sets a soft and a hard limit; the defaults hold without it")
    func limits() {
        #expect(engine.inside("ulimit -Sn; ulimit -Hn", "--ulimit", "nofile=100:200").output == "100\n200\n")
        #expect(engine.inside("ulimit -Sn; ulimit -Sc; ulimit -Hc").output == "1024\n0\n0\n")
        #expect(engine.inside("ulimit -Sn; ulimit -Hn", "--ulimit", "nofile=64").output == "64\n64\n")
    }

    @Test("--oom-score-adj reaches the kernel")
    func oomScore() {
        #expect(engine.inside("cat /proc/self/oom_score_adj", "--oom-score-adj", "500").output == "500\n")
    }

    @Test(
        "only descriptors 0, 1 and 2 are open inside",
        .enabled(if: ProbeProgram.built != nil, Comment(rawValue: ProbeProgram.missing)))
    func descriptors() throws {
        let open = "for n in $(seq 3 40); do eval \"exec $n</etc\"; done; "
        let volume = ProbeProgram.volume.joined(separator: " ")
        #expect(engine.host("\(open) $CFS run --rm \(volume) BusyBox /probe fds").output == "0 1 2 \n")
        #expect(engine.host("\(open) $CFS run --rm --init \(volume) BusyBox /probe fds").output == "0 1 2 \n")
        try engine.withContainer(ProbeProgram.volume) { id in
            #expect(engine.host("\(open) $CFS exec \(id) /probe fds").output == "0 1 2 \n")
        }
        // And this is what the same descriptors look like to a program that does inherit them.
        let probe = ProbeProgram.built?.path ?? ""
        #expect(engine.host("\(open) \(probe) fds").text.split(separator: " ").count > 38)
    }
}
