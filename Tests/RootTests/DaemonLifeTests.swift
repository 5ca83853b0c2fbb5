import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The daemon's own life", .needsHost, .engine)
struct DaemonLifeTests: EngineSuite {
    @Test("a daemon that is killed loses nothing: containers run on, and the next one knows them")
    func killed() throws {
        var daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000","name":"survivor""#)
        let before = try engine.pid(id)
        daemon.command.signal(SIGKILL)
        _ = daemon.command.finish()
        #expect(kill(before, 0) == 0)
        daemon = try DaemonFixture(engine)
        let record = daemon.get("/containers/survivor").json
        #expect(record["state"].text == "Running" && record["pid"].number == Double(before))
        #expect(daemon.request("DELETE", "/containers/survivor?force=true").status == 200)
    }

    @Test("told to end, it ends what waits with a reason, and leaves containers alone")
    func graceful() throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000""#)
        let events = RunningCommand(
            ["/usr/bin/curl", "-sSN", "\(daemon.url)/events"], environment: ["PATH": EngineFixture.path])
        #expect(events.waitForOutput(": "))
        let waiter = RunningCommand(
            ["/usr/bin/curl", "-sS", "\(daemon.url)/containers/\(id)/wait"], environment: ["PATH": EngineFixture.path])
        #expect(eventually { daemon.get("/metrics").text.contains("cfsd_connections 3\n") })
        daemon.command.signal(SIGTERM)
        let end = daemon.command.finish(seconds: 60)
        #expect(end.status == 0, "\(end.errors)")
        #expect(events.finish().output.hasSuffix("event: end\ndata: {}\n\n"))
        #expect(waiter.finish().output.contains(#""code":"stopping""#))
        #expect(access(daemon.socket, F_OK) == -1)
        #expect(try engine.inspect(id)["State"]["Running"].bool == true)
        #expect(engine.run("rm", "-f", id).status == 0)
    }

    @Test("what should run is started at the beginning, and left alone with --no-restore")
    func restore() throws {
        // An engine of its own: other tests' daemons start what should run as well.
        let engine = EngineFixture()
        let started = engine.run("run", "-d", "--restart", "always", "--name", "kept", "BusyBox", "sleep", "1000")
        #expect(started.status == 0)
        defer { engine.run("rm", "-f", "kept") }
        kill(try engine.monitor("kept"), SIGKILL)
        #expect(eventually { engine.exitCode("kept") != nil })
        var daemon: DaemonFixture? = try DaemonFixture(engine, ["--no-restore"])
        #expect(daemon?.get("/containers").json == .object([:]))
        daemon = nil
        let second = try DaemonFixture(engine)
        #expect(second.get("/containers/kept").json["state"].text == "Running")
    }

    @Test("SIGHUP reads the configuration again; a wrong one changes nothing")
    func reload() throws {
        let file = engine.folder("reload.toml")
        func write(_ text: String) { engine.host("printf '%s\\n' '\(text)' > \(file)") }
        write("log-level = \"error\"")
        let daemon = try DaemonFixture(engine, ["--config", file])
        write("log-level = \"info\"")
        daemon.command.signal(SIGHUP)
        #expect(daemon.command.waitForOutput("the configuration was read again", in: .errors))
        write("log-levl = \"info\"")
        daemon.command.signal(SIGHUP)
        #expect(daemon.command.waitForOutput("unknown option log-levl", in: .errors))
        #expect(daemon.get("/healthz").status == 200)
    }

    @Test("check-config says whether a configuration is fine, and starts nothing")
    func checkConfig() {
        func check(_ text: String) -> CommandResult {
            let file = engine.folder("check.toml")
            engine.host("printf '%s\\n' '\(text)' > \(file)")
            return RunningCommand(
                [DaemonFixture.binary(engine), "check-config", "--config", file],
                environment: ["PATH": EngineFixture.path]
            ).finish()
        }
        let good = check("listen = [\"127.0.0.1:1\"]")
        #expect(good.status == 0 && good.output == "the configuration is fine\n")
        let wrong = check("lisen = \"1\"")
        #expect(wrong.status == 64 && wrong.errors.contains("did you mean listen?"))
        let open = check("listen = \"0.0.0.0:1337\"")
        #expect(open.status == 64 && open.errors.contains("needs certificates of both sides"))
    }

    @Test("a socket of the service manager is taken, and it is told when the daemon is ready")
    func activation() throws {
        let socket = engine.folder("activated.sock")
        // What systemd does, in a few lines: a listening socket as descriptor 3, and a socket to be told at.
        let script = """
            import os, socket, subprocess, sys
            listener = socket.socket(socket.AF_UNIX); listener.bind("\(socket)"); listener.listen()
            notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); notify.bind("\(socket).notify")
            pid = os.fork()
            if pid == 0:
                os.dup2(listener.fileno(), 3)
                os.set_inheritable(3, True)
                environment = {"PATH": "\(EngineFixture.path)", "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "NOTIFY_SOCKET": "\(socket).notify"}
                os.execve("\(DaemonFixture.binary(engine))", ["cfsd", "--root", "\(engine.root)", "--run", "\(engine.runFolder)"], environment)
            notify.settimeout(60)
            print(notify.recv(4096).decode().split("\\n")[0], flush=True)
            print(subprocess.run(["curl", "-sS", "--unix-socket", "\(socket)", "http://x/healthz"], capture_output=True).stdout.decode(), end="", flush=True)
            os.kill(pid, 15)
            print(notify.recv(4096).decode(), flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
            """
        let result = RunningCommand(
            ["/usr/bin/python3", "-c", script], environment: ["PATH": EngineFixture.path]
        ).finish()
        #expect(
            result.lines.filter { !$0.hasPrefix("listening") } == ["READY=1", #"{"status":"ok"}"#, "STOPPING=1", "0"],
            "\(result.output) \(result.errors)")
    }

    @Test("two daemons do not share one socket")
    func twice() throws {
        let daemon = try DaemonFixture(engine)
        let second = DaemonFixture.start(engine, ["--listen", "127.0.0.1:0", "--socket", daemon.socket]).finish()
        #expect(second.status == 1 && second.errors.contains("is another cfsd running?"), "\(second.errors)")
        #expect(daemon.curl(["--unix-socket", daemon.socket, "http://x/healthz"]).status == 200)
    }

    @Test("a daemon that takes its time to end leaves the next one's socket alone")
    func successor() throws {
        let daemon = try DaemonFixture(engine)
        // Bodies that do not come hold its end up, one at each of the places where it listens.
        let upload = ["-sS", "-X", "POST", "-T", "-", "--unix-socket", daemon.socket, "http://x/run"]
        let held = RunningCommand(["/usr/bin/curl"] + upload, environment: ["PATH": EngineFixture.path])
        let connection = daemon.connect()
        let text = "POST /run HTTP/1.1\r\nHost: localhost:\(daemon.port)\r\nContent-Length: 10\r\n\r\n"
        _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        #expect(eventually { daemon.get("/metrics").text.contains("cfsd_connections 3\n") })
        daemon.command.signal(SIGTERM)
        let ask = ["--unix-socket", daemon.socket, "http://x/healthz"]
        #expect(eventually { daemon.curl(ask).status == 0 })
        let next = DaemonFixture.start(engine, ["--listen", "127.0.0.1:0", "--socket", daemon.socket])
        #expect(next.waitForOutput("listening on unix:"), "\(next.errorsSoFar)")
        close(connection)
        held.signal(SIGTERM)
        _ = held.finish()
        #expect(daemon.command.finish().status == 0)
        #expect(daemon.curl(ask).status == 200)
        next.signal(SIGTERM)
        #expect(next.finish().status == 0)
    }

    @Test("many who wait for a long stop keep nobody from a start")
    func longStops() throws {
        let daemon = try DaemonFixture(engine)
        let deaf = #""command":["sh","-c","trap '' TERM; echo ready; while :; do sleep 1; done"]"#
        let ids = try (0..<34).map { _ in try daemon.run(deaf) }
        let stops = ids.map { id in
            RunningCommand(
                ["/usr/bin/curl", "-sS", "-d", #"{"time":3600}"#, "\(daemon.url)/containers/\(id)/stop"],
                environment: ["PATH": EngineFixture.path])
        }
        #expect(eventually { daemon.get("/metrics").text.contains("cfs_containers{status=\"stopping\"} 34\n") })
        let answer = daemon.request(
            "POST", "/run", #"{"state":"run","image":"BusyBox","command":"true","rm":true,"wait":true}"#)
        #expect(answer.json["exitCode"].number == 0, "\(answer.text)")
        for id in ids { #expect(daemon.request("POST", "/containers/\(id)/kill").status == 200) }
        for stop in stops { #expect(stop.finish().output.contains(#""state":"Stopped""#)) }
        for id in ids { #expect(daemon.request("DELETE", "/containers/\(id)").status == 200) }
    }

    @Test("cfs server is cfsd")
    func verb() {
        let command = engine.start(["server", "--listen", "127.0.0.1:0", "--socket", ""])
        #expect(command.waitForOutput("listening on 127.0.0.1:"), "\(command.errorsSoFar)")
        command.signal(SIGTERM)
        #expect(command.finish().status == 0)
    }
}
