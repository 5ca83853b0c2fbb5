import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The OCI runtime: the life of a container", .needsHost)
struct OCIRuntimeLifeTests {
    @Test("create makes all but the command, start runs it, kill ends it, delete removes it")
    func life() {
        let bundle = RuntimeBundle(["sh", "-c", "echo runs; exec sleep 1000"])
        #expect(bundle.create("a", "--pid-file", bundle.folder("pid")).status == 0, "\(bundle.output)")
        #expect(bundle.status("a") == "created")
        #expect(bundle.output == "")
        let state = bundle.state("a")
        #expect(state["pid"].number.map { "\(Int($0))" } == textOfFile(bundle.folder("pid")))
        #expect(state["bundle"].text == bundle.folder("bundle"))
        #expect(bundle.run("start", "a").status == 0)
        #expect(bundle.status("a") == "running")
        #expect(eventually { bundle.output == "runs\n" })
        let again = bundle.run("start", "a")
        #expect(again.status == 1 && again.errors.contains("cannot start an already running container"))
        #expect(bundle.run("kill", "a", "KILL").status == 0)
        #expect(eventually { bundle.status("a") == "stopped" })
        #expect(bundle.state("a")["pid"].number == 0)
        let late = bundle.run("kill", "a", "TERM")
        #expect(late.status == 1 && late.errors.contains("container not running"))
        #expect(bundle.run("delete", "a").status == 0)
        let gone = bundle.run("state", "a")
        #expect(gone.status == 1 && gone.errors.contains("does not exist"))
        #expect(bundle.create("a").status == 0, "an id is free again once its container is gone")
    }

    @Test("what is not stopped is not deleted, unless by force")
    func delete() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle.create("a")
        for step in ["created", "running"] {
            #expect(bundle.status("a") == step)
            let refused = bundle.run("delete", "a")
            #expect(refused.status == 1 && refused.errors.contains("not stopped: \(step)"), "\(refused.errors)")
            #expect(bundle.status("a") == step)
            bundle.run("start", "a")
        }
        #expect(bundle.run("pause", "a").status == 0)
        #expect(bundle.status("a") == "paused")
        #expect(bundle.run("delete", "--force", "a").status == 0)
        #expect(bundle.run("delete", "--force", "a").status == 0, "one that is absent is fine")
        #expect(bundle.run("delete", "a").status == 1)
    }

    @Test("an id that is taken, or no id, is refused, and the container that has it is left alone")
    func ids() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle.create("a")
        #expect(bundle.create("a").status == 1)
        #expect(bundle.output.contains("container with given ID already exists: a"))
        #expect(bundle.status("a") == "created")
        for id in ["..", "a/b", ".seccomp", "a b", ""] {
            #expect(bundle.create(id).status == 1, "\(id)")
            #expect(bundle.output.contains("id"), "\(bundle.output)")
        }
        for verb in ["create", "start", "state", "kill", "delete"] {
            let result = bundle.run(verb)
            #expect(result.status == 1 && result.errors.contains("a container id is needed"), "\(verb)")
        }
    }

    @Test("a change of the configuration after create has no effect")
    func laterChange() {
        let bundle = RuntimeBundle(["sh", "-c", "echo first; exec sleep 1000"])
        bundle.create("a")
        bundle["process", "args"] = ["sh", "-c", "echo second"]
        bundle.write()
        bundle.run("start", "a")
        #expect(eventually { bundle.output == "first\n" })
        #expect(bundle.run("exec", "a", "sh", "-c", "echo $PPID; exit 9").status == 9)
    }

    @Test("run ends with the status of its command, and nothing is left")
    func run() {
        let bundle = RuntimeBundle(["sh", "-c", "cat; echo error >&2; exit 42"])
        let result = bundle.start(["run", "a"]).finish(input: "given\n")
        #expect(result.output == "given\n" && result.errors == "error\n" && result.status == 42)
        #expect(bundle.run("list", "-q").output == "")
        #expect(namesInFolder(bundle.root).filter { $0 != ".seccomp" }.isEmpty)
        bundle["process", "args"] = ["sh", "-c", "kill -9 $$"]
        bundle["linux", "namespaces"] = (bundle["linux", "namespaces"] as? [[String: Any]] ?? []).filter {
            $0["type"] as? String != "pid"
        }
        #expect(bundle.run("run", "b").status == 137)
    }

    @Test("run tells how its command ended, also when somebody else has removed the container")
    func removedMeanwhile() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        for _ in 0..<20 {
            let command = bundle.start(["run", "a"])
            #expect(eventually { bundle.status("a") == "running" })
            bundle.run("delete", "--force", "a")
            let ended = command.finish()
            #expect(ended.status == 137 && ended.errors.isEmpty, "\(ended.errors)")
        }
    }

    @Test("a terminal of run is the caller's")
    func terminal() {
        let bundle = RuntimeBundle(["sh"])
        bundle["process", "terminal"] = true
        let terminal = Terminal(rows: 31, columns: 77)
        let command = bundle.start(["run", "a"], terminal: terminal)
        terminal.type("tty; stty size; exit 6\r")
        #expect(terminal.waitFor("/dev/pts/0\r\n31 77\r\n"), "\(terminal.screen)")
        #expect(command.finish().status == 6)
        #expect(bundle.create("b").status == 1)
        #expect(bundle.output.contains("without setting console socket"))
    }

    @Test("pause, ps, events, list and update tell of the same container")
    func others() throws {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle.create("a")
        bundle.run("start", "a")
        let pid = try #require(bundle.state("a")["pid"].number)
        #expect(bundle.run("ps", "--format", "json", "a").text == "[\(Int(pid))]")
        #expect(bundle.run("ps", "a").lines.count == 2)
        let list = try JSONValue(parsing: bundle.run("list", "--format", "json").bytes)
        #expect(list[0]["id"].text == "a" && list[0]["pid"].number == pid && list[0]["status"].text == "running")
        let statistics = try JSONValue(parsing: bundle.run("events", "--stats", "a").bytes)
        #expect(statistics["type"].text == "stats" && statistics["id"].text == "a")
        #expect((statistics["data"]["cpu"]["usage"]["total"].number ?? 0) > 0)
        #expect(bundle.run("pause", "a").status == 0)
        let held = bundle.run("exec", "a", "true")
        #expect(held.status == 255 && held.errors.contains("cannot exec in a paused container"))
        #expect(bundle.run("resume", "a").status == 0)
        #expect(bundle.run("resume", "a").errors.contains("container not paused"))
        #expect(bundle.run("exec", "a", "true").status == 0)
        let wrong = bundle.run("update", "--memory", "many", "a")
        #expect(wrong.status == 1 && wrong.errors.contains("invalid value \"many\" for -memory"))
        #expect(bundle.run("update", "--resources", "-", "a", input: "{}").status == 0)
    }

    @Test("a runtime that is killed while it makes a container leaves none, and delete --force takes what is left")
    func killed() throws {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle["hooks"] = ["createRuntime": [["path": "/bin/sleep", "args": ["sleep", "1000"]]]]
        let command = bundle.start(["create", "a"])
        #expect(eventually { access("\(bundle.root)/a/state.json", F_OK) == 0 })
        #expect(eventually { bundle.status("a") == "creating" })
        command.signal(SIGKILL)
        _ = command.finish()
        #expect(eventually { bundle.status("a") == "stopped" })
        #expect(bundle.run("start", "a").errors.contains("cannot start a container that has stopped"))
        #expect(bundle.run("delete", "--force", "a").status == 0)
        #expect(access("\(bundle.root)/a", F_OK) != 0)
    }

    @Test(
        "a state that a power cut has damaged is that container's alone: list has the others, delete --force removes it"
    )
    func damagedState() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        for id in ["a", "b"] { #expect(bundle.create(id).status == 0, "\(bundle.output)") }
        bundle.run("kill", "b", "KILL")
        #expect(eventually { bundle.status("b") == "stopped" })
        let whole = textOfFile("\(bundle.root)/b/state.json") ?? ""
        for text in ["", String(whole.prefix(whole.count / 2)), "[]"] {
            bundle.folder.write(text, to: "run/b/state.json")
            let listed = bundle.run("list", "-q")
            #expect(listed.status == 0 && listed.output == "a\n", "\(listed)")
            let wanted = "the state of container \"b\" is damaged"
            #expect(listed.errors.contains(wanted), "\(listed)")
            for command in ["state", "start", "delete"] {
                let refused = bundle.run(command, "b")
                #expect(refused.status == 1 && refused.errors.contains(wanted), "\(refused)")
                #expect(refused.errors.contains("cfs-runtime delete --force b removes it"), "\(refused)")
            }
        }
        let removed = bundle.run("delete", "--force", "b")
        #expect(removed.status == 0 && removed.errors.contains("what runs of it is not known"), "\(removed)")
        #expect(access("\(bundle.root)/b", F_OK) != 0)
        #expect(bundle.run("list", "-q").errors == "")
    }
}
