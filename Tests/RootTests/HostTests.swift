import EngineSupport
import Glibc
import TestSupport
import Testing

/// `cfs --host`: the command line carried out by a daemon.
private struct Remote {
    let daemon: DaemonFixture
    let engine: EngineFixture

    init(_ engine: EngineFixture) throws {
        daemon = try DaemonFixture(engine)
        self.engine = engine
    }

    func start(
        _ arguments: [String], environment: [String: String] = [:], directory: String? = nil, terminal: Terminal? = nil
    ) -> RunningCommand {
        var variables = ["PATH": EngineFixture.path, "LC_ALL": "C"]
        variables.merge(environment) { $1 }
        return RunningCommand(
            [engine.binary, "--host", "unix://\(daemon.socket)"] + arguments, environment: variables,
            directory: directory ?? engine.folder.path, terminal: terminal?.inner)
    }

    func run(_ arguments: String..., input: String? = nil, location: SourceLocation = #_sourceLocation) -> String {
        let result = start(arguments).finish(input: input)
        #expect(result.status == 0, "\(arguments): \(result.errors)", sourceLocation: location)
        return result.text
    }

    func status(_ arguments: String...) -> Int32 { start(arguments).finish().status }
}

@Suite("A command line that a daemon carries out", .needsHost, .engine)
struct HostTests: EngineSuite {
    @Test("every verb of containers")
    func containers() throws {
        let remote = try Remote(engine)
        let id = remote.run("create", "--name", "far", "-e", "A=b", "BusyBox", "sh", "-c", "echo $A; sleep 1000")
        #expect(remote.run("start", "far") == "far")
        #expect(remote.run("ps", "-q", "--no-trunc", "--filter", "name=far") == id)
        #expect(eventually { remote.run("logs", "far") == "b" })
        #expect(remote.run("exec", "far", "cat", "/proc/1/comm") == "sleep")
        #expect(remote.run("exec", "-i", "far", "cat", input: "typed") == "typed")
        #expect(remote.run("inspect", "far").contains(id))
        #expect(remote.run("port", "far").isEmpty)
        for verb in [["pause", "far"], ["unpause", "far"], ["restart", "-t", "0", "far"], ["rename", "far", "web"]] {
            #expect(remote.start(verb).finish().status == 0, "\(verb)")
        }
        #expect(remote.run("top", "web").contains("sleep"))
        #expect(remote.run("stats", "--no-stream", "web").contains("web"))
        #expect(remote.status("update", "web") == 64, "nothing to change")
        engine.host("mkdir -p here && echo local > here/file")
        #expect(remote.start(["cp", "./here/file", "web:/tmp/file"]).finish().status == 0)
        #expect(remote.run("diff", "web").contains("A /tmp/file"))
        #expect(remote.start(["cp", "web:/tmp/file", "here/back"]).finish().status == 0)
        #expect(engine.host("cat here/back").text == "local")
        #expect(engine.host("stat -c %a here/back; umask").status == 0)
        #expect(!remote.run("commit", "web", "copy").isEmpty)
        #expect(remote.status("export", "-o", "here/root.tar", "web") == 0)
        #expect(engine.host("tar tf here/root.tar | grep -x tmp/file").text == "tmp/file")
        #expect(remote.run("kill", "web") == "web")
        #expect(remote.run("wait", "web") == "137")
        #expect(remote.run("rm", "web") == "web")
        #expect(remote.run("run", "--rm", "-v", "./here:/here", "BusyBox", "cat", "/here/file") == "local")
        #expect(remote.run("run", "--rm", "-e", "PATH", "BusyBox", "sh", "-c", "echo $PATH") == EngineFixture.path)
        #expect(remote.run("explain", "BusyBox", "true").contains("execve"))
        #expect(remote.run("container", "ls", "-aq", "--filter", "name=web").isEmpty)
        #expect(remote.status("container", "prune", "-f", "--filter", "until=24h") == 0)
    }

    @Test("every verb of images, and of the engine")
    func images() throws {
        let remote = try Remote(engine)
        #expect(remote.run("run", "--rm", "BusyBox", "echo", "hello") == "hello")
        #expect(remote.run("images").contains("BusyBox"))
        #expect(remote.run("image", "ls").contains("BusyBox"))
        #expect(remote.run("image", "inspect", "BusyBox").contains("sha256:"))
        #expect(remote.status("image", "export", "-o", "busybox.tar", "BusyBox") == 0)
        #expect(remote.status("image", "import", "again", "busybox.tar") == 0)
        #expect(remote.status("image", "rm", "--force", "again") == 0)
        #expect(remote.status("image", "fetch", "nothing-of-this-name") == 1)
        #expect(remote.run("history").contains("run"))
        let past = remote.run("events", "--since", "1h", "--until", "0s")
        #expect(past.contains("die"), "\(past)")
        #expect(remote.run("info").contains(engine.root))
        #expect(remote.run("version").contains(engine.run("version").lines[0]))
        _ = remote.start(["doctor"]).finish()
        for verb in [["df"], ["recover"], ["restore"], ["prune", "-f"]] {
            #expect(remote.start(["system"] + verb).finish().status == 0, "\(verb)")
        }
        let server = remote.start(["server"]).finish()
        #expect(server.status == 64 && server.errors.contains("starts a daemon here"))
        let folders = remote.start(["ps", "--root", "/elsewhere"]).finish()
        #expect(folders.status == 64 && folders.errors.contains("do not go together"))
    }

    @Test("exit statuses are those of a command line here")
    func statuses() throws {
        let remote = try Remote(engine)
        #expect(remote.status("run", "--rm", "BusyBox", "sh", "-c", "exit 7") == 7)
        #expect(remote.status("run", "--rm", "BusyBox", "sh", "-c", "sh -c 'kill -9 $$'; exit $?") == 137)
        #expect(remote.status("run", "--rm", "BusyBox", "/none") == 127)
        #expect(remote.status("run", "--rm", "BusyBox", "/etc/passwd") == 126)
        #expect(remote.status("run", "--rm", "no-such-image") == 125)
        #expect(remote.status("inspect", "nobody") == 1)
        // The daemon's folders are not the caller's to name.
        let missing = remote.start(["inspect", "xyzzyxyzzy"]).finish()
        #expect(missing.errors.contains("see `cfs ps -a` and `cfs images`"), "\(missing.errors)")
        #expect(remote.status("ps", "--none") == 64)
    }

    @Test("signals reach the command, and one that ends cfs ends it with 128 and its number")
    func signals() throws {
        let remote = try Remote(engine)
        let script = "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done"
        let command = remote.start(["run", "--rm", "BusyBox", "sh", "-c", script])
        #expect(command.waitForOutput("ready"))
        command.signal(SIGINT)
        #expect(command.finish().status == 9)
        let events = remote.start(["events"])
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        events.signal(SIGTERM)
        #expect(events.finish().status == 128 + SIGTERM)
    }

    @Test("-it has the caller's own terminal: its size, its keys, and it is as it was afterwards")
    func terminal() throws {
        let remote = try Remote(engine)
        let terminal = Terminal(rows: 37, columns: 91)
        let before = terminal.settings
        let command = remote.start(["run", "-it", "--rm", "BusyBox", "sh"], terminal: terminal)
        terminal.type("stty size\r")
        #expect(terminal.waitFor("37 91\r\n"), "\(terminal.screen)")
        terminal.type("sh -c 'echo run''ning; exec sleep 1000'\r")
        #expect(terminal.waitFor("running"))
        terminal.type("\u{3}")
        terminal.type("echo after''-$?\r")
        #expect(terminal.waitFor("after-130"), "\(terminal.screen)")
        terminal.type("exit 4\r")
        #expect(command.finish().status == 4)
        #expect(terminal.settings == before)
    }

    @Test("the size follows the caller's window")
    func resized() throws {
        let remote = try Remote(engine)
        let terminal = Terminal(rows: 24, columns: 80)
        let script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"
        let command = remote.start(["run", "-it", "--rm", "BusyBox", "sh", "-c", script], terminal: terminal)
        #expect(terminal.waitFor("ready"))
        terminal.resize(rows: 50, columns: 132)
        command.signal(SIGWINCH)
        #expect(terminal.waitFor("50 132"), "\(terminal.screen)")
        #expect(command.finish().status == 0)
    }

    @Test("a caller that is killed, and a daemon that is, leave containers alone and no command behind")
    func killed() throws {
        let remote = try Remote(engine)
        let terminal = Terminal()
        let before = terminal.settings
        let first = remote.start(["run", "--name", "first", "BusyBox", "sh", "-c", "echo ready; exec sleep 1000"])
        let second = remote.start(
            ["run", "-it", "--name", "second", "BusyBox", "sh", "-c", "echo ready; exec sleep 1000"],
            terminal: terminal)
        defer { engine.run("rm", "-f", "first", "second") }
        #expect(first.waitForOutput("ready") && terminal.waitFor("ready"))
        first.signal(SIGKILL)
        #expect(eventually { hosted == 1 })
        remote.daemon.command.signal(SIGKILL)
        #expect(second.finish().status == 125)
        #expect(terminal.waitFor("has ended before the command"), "\(terminal.screen)")
        #expect(terminal.settings == before)
        #expect(eventually { hosted == 0 })
        for name in ["first", "second"] {
            #expect(try engine.inspect(name)["State"]["Running"].bool == true)
        }
    }

    /// How many commands run for somebody else.
    private var hosted: Int {
        namesInFolder("/proc").count {
            textOfFile("/proc/\($0)/cmdline")?.hasPrefix("cfs\0--root\0\(engine.root)\0") == true
        }
    }

    @Test("who may not call hears so, and a daemon that is not there is named")
    func refused() throws {
        let remote = try Remote(engine)
        chmod(engine.folder.path, 0o755)
        func asOther(_ arguments: String...) -> CommandResult {
            RunningCommand(
                ["/usr/bin/setpriv"] + Self.other + [engine.binary, "--host", "unix://\(remote.daemon.socket)"]
                    + arguments, environment: ["PATH": EngineFixture.path]
            ).finish()
        }
        let closed = asOther("ps")
        #expect(closed.status == 1 && closed.errors.contains("you may not call the daemon"), "\(closed.errors)")
        chmod(remote.daemon.socket, 0o666)
        let refused = asOther("run", "BusyBox", "true")
        #expect(refused.status == 125 && refused.errors.contains("only root and members"), "\(refused.errors)")
        let none = RunningCommand(
            [engine.binary, "ps"], environment: ["CFS_HOST": "unix://\(engine.folder("none.sock"))"]
        ).finish()
        #expect(none.status == 1 && none.errors.contains("no daemon listens"), "\(none.errors)")
        let https = engine.host("${CFS%% *} --host https://far.example ps")
        #expect(https.status == 64 && https.errors.contains("unix:///run/cfs/cfsd.sock"), "\(https.errors)")
    }

    /// Another user, who can read the executable under test wherever it lies.
    private static let other = [
        "--reuid", "12345", "--regid", "12345", "--groups", "4321", "--inh-caps", "+dac_read_search", "--ambient-caps",
        "+dac_read_search",
    ]

    @Test("the command line is carried out at the Unix socket only, and for nobody else's process")
    func elsewhere() throws {
        let remote = try Remote(engine)
        let body = """
            {"arguments":["ps"],"environment":[],"umask":18,"token":"\(String(repeating: "0", count: 32))",\
            "descriptors":{"input":0,"output":1,"error":2,"directory":0,"signals":0}}
            """
        let tcp = remote.daemon.request("POST", "/command", body)
        #expect(tcp.status == 403, "\(tcp.text)")
        let forwarded = remote.daemon.curl(
            ["--unix-socket", remote.daemon.socket, "-d", body, "http://x/command"])
        #expect(forwarded.status == 400 && forwarded.text.contains("another process"), "\(forwarded.text)")
    }

    @Test("the history names who has called, over REST and by a command line")
    func callers() throws {
        let engine = engine
        try withPrivateMounts {
            engine.host("echo 'cfs:x:4321:tester' > group; echo 'tester:x:12345:12345::/:/bin/sh' > passwd")
            for name in ["group", "passwd"] {
                try PrivateMount.make(engine.folder(name), on: "/etc/\(name)", "", flags: 1 << 12)
            }
            let remote = try Remote(engine)
            chmod(engine.folder.path, 0o755)
            func body(_ name: String) -> String {
                #"{"state":"run","image":"BusyBox","command":"true","rm":true,"wait":true,"name":"\#(name)"}"#
            }
            let rest = remote.daemon.request("POST", "/run", body("called-1"), user: 12_345)
            #expect(rest.status == 200, "\(rest.text)")
            let line = RunningCommand(
                ["/usr/bin/setpriv"] + Self.other
                    + [engine.binary, "--host", "unix://\(remote.daemon.socket)", "run", "--rm"]
                    + ["--name", "called-2", "BusyBox", "id", "-u"],
                environment: ["PATH": EngineFixture.path]
            ).finish()
            #expect(line.status == 0 && line.text == "0", "\(line.errors)")
            #expect(remote.daemon.request("POST", "/run", body("called-3")).status == 200)
            let runs = remote.daemon.get("/history").json.array.filter { $0["name"].text?.hasPrefix("called") == true }
            #expect(runs.map { $0["uid"].number } == [12_345, 12_345, 0])
        }
    }
}
