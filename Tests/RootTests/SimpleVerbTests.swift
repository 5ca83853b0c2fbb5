import Glibc
import TestSupport
import Testing

@Suite("`wait`", .needsHost, .engine)
struct WaitTests: EngineSuite {
    @Test("the exit statuses come in the order of the command line, also of containers that remove themselves")
    func several() throws {
        try engine.withContainer(["--name", "long"], ["sh", "-c", "while [ ! -e /end ]; do sleep 0.05; done; exit 5"]) {
            _ in
            try engine.withContainer(
                ["--rm", "--name", "short"], ["sh", "-c", "while [ ! -e /end ]; do sleep 0.05; done; exit 6"]
            ) { _ in
                let waiting = engine.start(["wait", "long", "short"])
                #expect(!waiting.waitForOutput("\n", seconds: 0.3))
                engine.run("exec", "short", "touch", "/end")
                #expect(eventually { !engine.run("ps", "-a").output.contains("short") })
                engine.run("exec", "long", "touch", "/end")
                let result = waiting.finish()
                #expect(result.status == 0 && result.output == "5\n6\n", "\(result.errors)")
            }
            // It has ended already.
            #expect(engine.run("wait", "long").output == "5\n")
        }
    }

    @Test("a signal counts as with a shell")
    func killed() throws {
        try engine.withContainer(["--name", "killed"]) { _ in
            let waiting = engine.start(["wait", "killed"])
            engine.run("kill", "killed")
            #expect(waiting.finish().output == "137\n")
        }
    }

    @Test("with removed it waits until the container is gone")
    func removed() throws {
        #expect(engine.run("run", "--name", "goes", "BusyBox", "sh", "-c", "exit 7").status == 7)
        let waiting = engine.start(["wait", "--condition", "removed", "goes"])
        #expect(!waiting.waitForOutput("7", seconds: 0.5))
        #expect(engine.run("rm", "goes").status == 0)
        #expect(waiting.finish().output == "7\n")
        try engine.withContainer(["--rm", "--name", "itself"], ["sleep", "0.5"]) { id in
            #expect(engine.run("wait", "--condition=removed", "itself").output == "0\n")
            #expect(access("\(engine.root)/containers/\(id)", F_OK) != 0)
        }
    }

    @Test("a running container that is removed by force has been killed")
    func forced() throws {
        try engine.withContainer(["--name", "forced"]) { _ in
            let waiting = engine.start(["wait", "--condition", "removed", "forced"])
            #expect(!waiting.waitForOutput("137", seconds: 0.3))
            #expect(engine.run("rm", "-f", "forced").status == 0)
            #expect(waiting.finish().output == "137\n")
        }
    }

    @Test("a wait for the removal of what is only created tells how it ended that ran meanwhile")
    func createdFirst() throws {
        let made = engine.run("create", "--name", "later", "BusyBox", "sleep", "1000")
        try #require(made.status == 0, "\(made.errors)")
        defer { engine.run("rm", "-f", "later") }
        let waiting = engine.start(["wait", "--condition", "removed", "later"])
        #expect(!waiting.waitForOutput("0", seconds: 0.3))
        #expect(engine.run("start", "later").status == 0)
        #expect(engine.run("rm", "-f", "later").status == 0)
        #expect(waiting.finish().output == "137\n")
        #expect(engine.run("create", "--name", "never", "BusyBox", "true").status == 0)
        let never = engine.start(["wait", "--condition", "removed", "never"])
        #expect(!never.waitForOutput("0", seconds: 0.3))
        #expect(engine.run("rm", "never").status == 0)
        #expect(never.finish().output == "0\n")
    }

    @Test("what is not there is an error, and the others are waited for")
    func unknown() throws {
        #expect(engine.run("run", "--name", "done", "BusyBox", "sh", "-c", "exit 2").status == 2)
        defer { engine.run("rm", "done") }
        let result = engine.run("wait", "nobody", "done")
        #expect(result.status == 1 && result.output == "2\n")
        #expect(result.errors.contains("there is no container \"nobody\""))
        #expect(engine.run("wait", "--condition", "healthy", "done").status == 64)
    }
}

@Suite("`rename` and `port`", .needsHost, .engine)
struct RenameTests: EngineSuite {
    @Test("a running container is known by its new name, and its old one is free")
    func rename() throws {
        try engine.withContainer(["--name", "before"]) { id in
            let result = engine.run("rename", "before", "after")
            #expect(result.status == 0 && result.output == "", "\(result.errors)")
            let named = try engine.inspect("after")["Id"].text
            #expect(named == id)
            #expect(engine.run("inspect", "before").status == 1)
            #expect(engine.run("exec", "after", "echo", "x").output == "x\n")
            #expect(engine.run("run", "--rm", "--name", "before", "BusyBox", "true").status == 0)
            #expect(engine.run("rename", id, "again").status == 0)
            let name = try engine.inspect(id)["Name"].text
            #expect(name == "again")
        }
    }

    @Test("a taken name, its own name, and what is no name are errors, and nothing changes")
    func wrong() throws {
        try engine.withContainer(["--name", "one"]) { _ in
            try engine.withContainer(["--name", "two"]) { other in
                for (name, says) in [
                    ("two", "is taken"), ("one", "called one already"), ("-x", "unknown option"), ("a/b", "no name"),
                    ("", "no name"), (other, "must not look like an id"),
                ] {
                    let result = engine.run("rename", "one", name)
                    #expect(result.status != 0 && result.errors.contains(says), "\(name): \(result.errors)")
                }
                #expect(engine.run("rename", "nobody", "three").errors.contains("there is no container"))
                #expect(Set(engine.run("ps", "--format", "{{.Names}}").lines).isSuperset(of: ["one", "two"]))
            }
        }
    }

    @Test("of many who want one name, one gets it")
    func race() throws {
        for index in 0..<4 { #expect(engine.run("run", "--name", "r\(index)", "BusyBox", "true").status == 0) }
        let commands = (0..<4).map { engine.start(["rename", "r\($0)", "winner"]) }
        let results = commands.map { $0.finish() }
        #expect(results.filter { $0.status == 0 }.count == 1)
        #expect(results.filter { $0.errors.contains("is taken") }.count == 3)
        for name in ["r0", "r1", "r2", "r3", "winner"] { engine.run("rm", name) }
    }

    @Test("a rename is remembered, told, and known at the next start")
    func told() throws {
        #expect(engine.run("create", "--name", "told", "BusyBox", "true").status == 0)
        defer { engine.run("rm", "-f", "retold") }
        #expect(engine.run("rename", "told", "retold").status == 0)
        #expect(engine.run("start", "-a", "retold").status == 0)
        let events = engine.run("events", "--since", "1h", "--until", "0s", "--filter", "container=retold").lines
        let renamed = events.contains { $0.contains(" rename ") && $0.contains("oldName=told") }
        let died = events.contains { $0.contains(" die ") && $0.contains("name=retold") }
        #expect(renamed && died, "\(events)")
        let remembered = try engine.json(
            "history", "--filter", "verb=rename", "--filter", "container=retold", "--format", "json")
        #expect(remembered.array.count == 1 && remembered[0]["Verb"].text == "rename", "\(remembered)")
    }

    @Test("what happens after a rename is told of the new name, also in the run that was under way")
    func toldWhileRunning() throws {
        try engine.withContainer(["--name", "told-early"]) { id in
            for (old, new) in [("told-early", "told-middle"), ("told-middle", "told-late")] {
                #expect(engine.run("rename", old, new).status == 0)
            }
            #expect(engine.run("exec", "told-late", "true").status == 0)
            #expect(engine.run("kill", "told-late").status == 0)
            #expect(engine.run("wait", "told-late").output == "137\n")
            #expect(engine.run("rename", "told-late", "told-last").status == 0)
            #expect(engine.run("start", "told-last").status == 0)
            let events = engine.run("events", "--since", "1h", "--until", "0s", "--filter", "container=\(id)").lines
            func names(_ action: String) -> [Substring] {
                events.filter { $0.split(separator: " ")[2] == action }
                    .compactMap { $0.split(separator: "name=").last?.prefix { $0 != ")" && $0 != "," } }
            }
            #expect(names("exec_start") == ["told-late"] && names("exec_die") == ["told-late"], "\(events)")
            #expect(names("die") == ["told-late"] && names("start") == ["told-early", "told-last"], "\(events)")
        }
    }

    @Test("a new name stays to the end of one that removes itself, and in a run that its policy begins")
    func toldToTheEnd() throws {
        func events(_ id: String) -> [String] {
            engine.run("events", "--since", "1h", "--until", "0s", "--filter", "container=\(id)").lines
        }
        let going = engine.run("run", "-d", "--rm", "--name", "told-going", "BusyBox", "sleep", "1000").text
        #expect(engine.run("rename", "told-going", "told-gone").status == 0)
        #expect(engine.run("stop", "-t", "0", "told-gone").status == 0)
        #expect(eventually { events(going).contains { $0.contains(" destroy ") } })
        #expect(events(going).suffix(2).allSatisfy { $0.contains("name=told-gone") }, "\(events(going))")
        try engine.withContainer(["--name", "told-once", "--restart", "always"]) { id in
            #expect(engine.run("rename", "told-once", "told-again").status == 0)
            #expect(engine.host("kill -9 $($CFS inspect -f '{{.State.Pid}}' told-again)").status == 0)
            #expect(eventually { events(id).filter { $0.contains(" start ") }.count == 2 })
            #expect(events(id).suffix(2).allSatisfy { $0.contains("name=told-again") }, "\(events(id))")
        }
    }

    @Test("a container that removed itself does not keep its name")
    func vanished() throws {
        #expect(engine.run("run", "--rm", "--name", "vanished", "BusyBox", "true").status == 0)
        try engine.withContainer(["--name", "lives"]) { _ in
            #expect(engine.run("rename", "lives", "vanished").status == 0)
        }
    }

    @Test("a container without ports has none, which is an error only for who asks for one")
    func port() throws {
        try engine.withContainer(["--name", "web"]) { _ in
            let all = engine.run("port", "web")
            #expect(all.status == 0 && all.output == "" && all.errors == "")
            let one = engine.run("port", "web", "80")
            #expect(one.status == 1 && one.errors.contains("no public port \"80/tcp\" is published for web"))
            #expect(engine.run("port", "web", "x").status == 64)
            #expect(engine.run("port", "nobody").status == 1)
        }
    }
}

@Suite("What a shell completes", .needsHost, .engine)
struct CompletionTests: EngineSuite {
    /// What the completion scripts ask for.
    private func completions(_ verb: [String], argument: String = "positional@0", line: [String]) -> [String] {
        engine.host(
            "\(engine.binary) ---completion \(verb.joined(separator: " ")) -- \(argument) 0 0 \(line.joined(separator: " "))"
        ).lines
    }

    private var start: [String] { ["cfs", "--root", engine.root, "--run", engine.runFolder] }

    @Test("names of containers, of those that can be meant")
    func containers() throws {
        #expect(engine.run("run", "--name", "ended", "BusyBox", "true").status == 0)
        defer { engine.run("rm", "ended") }
        try engine.withContainer(["--name", "live"]) { _ in
            #expect(completions(["logs"], line: start + ["logs", "''"]) == ["ended", "live"])
            for verb in ["stop", "kill", "pause", "top"] {
                #expect(completions([verb], line: start + [verb, "''"]) == ["live"], "\(verb)")
            }
            #expect(completions(["start"], line: start + ["start", "''"]) == ["ended"])
            #expect(completions(["unpause"], line: start + ["unpause", "''"]) == [])
            #expect(completions(["rm"], line: start + ["rm", "live", "''"]) == ["ended"])
            #expect(completions(["inspect"], line: start + ["inspect", "''"]) == ["ended", "live", "BusyBox"])
            #expect(completions(["wait"], line: start + ["wait", "''"]) == ["ended", "live"])
            let made = engine.host("mkdir -p \(engine.folder("offered"))/sub && touch \(engine.folder("offered"))/.x")
            #expect(made.status == 0)
            #expect(completions(["cp"], line: start + ["cp", "''"]).prefix(2) == ["ended:", "live:"])
            #expect(
                completions(["cp"], line: start + ["cp", "\(engine.folder("offered"))/"])
                    == ["\(engine.folder("offered"))/sub/"])
            #expect(completions(["cp"], argument: "positional@1", line: start + ["cp", "x", "li"]) == ["live:"])
            #expect(completions(["image", "rm"], line: start + ["image", "rm", "''"]) == ["BusyBox"])
        }
    }

}

@Suite("`container`", .needsHost, .engine)
struct ContainerGroupTests: EngineSuite {
    @Test("every verb of containers stands below container as well")
    func group() throws {
        let run = engine.run("container", "run", "--rm", "BusyBox", "echo", "hello")
        #expect(run.output == "hello\n", "\(run.errors)")
        try engine.withContainer(["--name", "grouped"]) { id in
            for list in ["ls", "ps", "list"] {
                #expect(engine.run("container", list, "-q", "--no-trunc").lines.contains(id), "\(list)")
            }
            #expect(engine.run("container", "exec", "grouped", "echo", "x").output == "x\n")
            let inspected = try engine.json("container", "inspect", "grouped")[0]["Id"].text
            #expect(inspected == id)
            #expect(engine.run("container", "rename", "grouped", "other").status == 0)
            #expect(engine.run("container", "stop", "-t", "0", "other").status == 0)
            #expect(engine.run("container", "wait", "other").output == "137\n")
            #expect(engine.run("container", "rm", "other").status == 0)
        }
        #expect(engine.run("container").output.contains("prune"))
        #expect(engine.run("container", "ls", "--help").output.contains("cfs container ls"))
        #expect(engine.run("help", "container", "prune").output.contains("cfs container prune"))
        #expect(engine.run("container", "rm", "--help").output.contains("cfs rm"))
        #expect(engine.run("container", "frobnicate").status == 64)
    }
}
