import TestSupport
import Testing

// One after the other: each looks at all that there is.
@Suite("Filters and templates of `ps`", .needsHost, .engine, .serialized)
struct FilterTests: EngineSuite {
    /// The names that `ps` shows with these options, sorted.
    private func names(_ options: String...) -> [String] {
        let result = engine.run(["ps", "--format", "{{.Names}}"] + options)
        return result.status == 0 ? result.lines.sorted() : ["failed: \(result.errors)"]
    }

    /// Three ended containers and one that runs.
    private func withSome(_ body: () throws -> Void) throws {
        defer { engine.run("rm", "-f", "first", "second", "third") }
        #expect(engine.run("run", "--name", "first", "-l", "team=a", "-l", "n=1", "BusyBox", "true").status == 0)
        #expect(engine.run("run", "--name", "second", "-l", "team=b", "BusyBox", "sh", "-c", "exit 3").status == 3)
        #expect(engine.run("run", "--name", "third", "-l", "team=a", "TinyCore", "true").status == 0)
        try engine.withContainer(["--name", "live", "-l", "team=a"]) { _ in try body() }
    }

    @Test("each filter picks what it says, and several are combined as Docker does")
    func filters() throws {
        try withSome {
            #expect(names() == ["live"] && names("-a") == ["first", "live", "second", "third"])
            #expect(names("-a", "--filter", "name=ir") == ["first", "third"])
            #expect(names("-a", "--filter", "name=^/first$", "--filter", "name=second") == ["first", "second"])
            #expect(names("--filter", "name=first") == [])
            #expect(names("-a", "-f", "label=team=a") == ["first", "live", "third"])
            #expect(names("-a", "-f", "label=team=a", "-f", "label=n") == ["first"])
            // These two ask for what has ended: no -a is needed.
            #expect(names("-f", "status=exited") == ["first", "second", "third"])
            #expect(names("-f", "exited=0", "-f", "exited=3", "-f", "label=team=b") == ["second"])
            #expect(names("-f", "status=running", "-f", "status=paused") == ["live"])
            #expect(names("-a", "-f", "ancestor=TinyCore") == ["third"])
            // TinyCore is a thin layer on the base of BusyBox, which BusyBox has as well.
            #expect(names("-a", "-f", "ancestor=BusyBox:latest").contains("first"))
            #expect(names("-a", "-f", "before=second") == ["first"])
            #expect(names("-a", "-f", "since=second") == ["live", "third"])
            let id = try engine.inspect("second")["Id"].text ?? ""
            #expect(names("-a", "-f", "id=\(id.prefix(12))") == ["second"])
            #expect(names("-a", "-f", "label=none") == [])
        }
    }

    @Test("health picks what is well, what is not, and what has no check")
    func health() throws {
        let check = ["--health-cmd", "test -e /well", "--health-interval", "20ms", "--health-retries", "1"]
        try engine.withContainer(check + ["--name", "sick"]) { _ in
            try engine.withContainer(check + ["--name", "sound"]) { id in
                try engine.withContainer(["--name", "plain"]) { _ in
                    #expect(engine.run("exec", id, "touch", "/well").status == 0)
                    #expect(eventually { names("-f", "health=healthy") == ["sound"] })
                    #expect(eventually { names("-f", "health=unhealthy") == ["sick"] })
                    #expect(names("-f", "health=none") == ["plain"])
                    #expect(names("-f", "health=healthy", "-f", "health=Unhealthy") == ["sick", "sound"])
                    #expect(names("-f", "health=starting") == [])
                    let told = engine.run(
                        "events", "--until", "0s", "-f", "event=health_status", "-f", "container=sound")
                    #expect(told.output.contains("health_status: healthy") && !told.output.contains("exec"))
                    let healthy = engine.run("events", "--until", "0s", "-f", "event=health_status: healthy")
                    #expect(healthy.output.contains("sound") && !healthy.output.contains("sick"))
                }
            }
        }
    }

    @Test(
        "a value that a filter cannot have is an error that names those it can",
        arguments: [
            ("ps", "health=fine", "starting, healthy, unhealthy, none"), ("events", "event=dies", "create, start, die"),
            ("events", "event=die: healthy", "event=die"), ("events", "event=health_status: fine", "healthy"),
            ("events", "type=pod", "container, image"), ("history", "verb=ran", "run, create, start"),
            ("history", "uid=root", "id -u"), ("events", "kind=x", "container, image, event, type"),
            ("history", "user=0", "container, image, verb, uid"),
        ])
    func values(verb: String, filter: String, says: String) {
        let result = engine.run(verb, "--filter", filter)
        #expect(result.status == 64 && result.output == "", "\(result.output)")
        #expect(result.errors.contains(says), "\(result.errors)")
    }

    @Test("-n and -l show what was made last, whatever its state")
    func last() throws {
        try withSome {
            #expect(names("-l") == ["live"] && names("-n", "2") == ["live", "third"])
            #expect(names("-n", "2", "-f", "status=exited") == ["second", "third"])
            #expect(engine.run("ps", "-n", "0").status == 64)
        }
    }

    @Test("what cannot be filtered, or does not exist, is an error")
    func wrong() {
        for (filter, status, says) in [
            ("volume=x", 64, "there is no filter"), ("status=up", 64, "there is no state"), ("x", 64, "has no ="),
            ("before=nobody", 1, "there is no container"),
        ] {
            let result = engine.run("ps", "--filter", filter)
            #expect(result.status == Int32(status) && result.errors.contains(says), "\(result.errors)")
            #expect(result.output == "")
        }
    }

    @Test("a template prints lines, and with \"table\" columns under titles")
    func templates() throws {
        try engine.withContainer(["--name", "shown", "-l", "com.x.team=ops"]) { id in
            let line = engine.run(
                "ps", "-f", "name=shown", "--format", #"{{.ID}}\t{{.Label "com.x.team"}} {{.State}}|{{.Ports}}"#)
            #expect(line.output == "\(id.prefix(12))\tops running|\n", "\(line.errors)")
            let table = engine.run("ps", "-f", "name=shown", "--no-trunc", "--format", #"table {{.ID}}\t{{.Names}}"#)
            #expect(table.lines.first?.hasPrefix("CONTAINER ID") == true)
            #expect(table.lines.last?.hasPrefix("\(id)   shown") == true)
            let object = try JSONValue(parsing: engine.run("ps", "-f", "name=shown", "--format", "{{json .}}").bytes)
            #expect(object["Command"].text == "\"sleep 1000\"" && object["Labels"].text == "com.x.team=ops")
        }
        let size = engine.run("ps", "--format", "{{.Size}}")
        #expect(size.status == 64 && size.errors.contains("system df"), "\(size.errors)")
        let flag = engine.run("ps", "-s")
        #expect(flag.status == 64 && flag.errors.contains("system df"), "\(flag.errors)")
    }

    @Test("images are listed by a template too")
    func images() {
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        let lines = engine.run("images", "--format", "{{.Repository}}:{{.Tag}} {{.Source}}").lines
        #expect(lines.contains("BusyBox:latest offline"), "\(lines)")
        #expect(
            engine.run("image", "ls", "--format", #"table {{.Name}}\t{{.ID}}"#).lines.first?.hasPrefix("NAME") == true)
        let wrong = engine.run("images", "--format", "{{.Nam}}")
        #expect(wrong.status == 64 && wrong.errors.contains("did you mean Name"), "\(wrong.errors)")
    }
}

@Suite("`inspect` by a template, and of images", .needsHost, .engine)
struct InspectTemplateTests: EngineSuite {
    @Test("fields, labels and lists")
    func fields() throws {
        try engine.withContainer(["--name", "one", "-l", "a.b=c", "-e", "X=1"]) { id in
            func line(_ template: String) -> String { engine.run("inspect", "--format", template, "one").output }
            #expect(line("{{.State.Status}} {{.State.Running}} {{.State.ExitCode}}") == "running true 0\n")
            #expect(line("{{.Id}}") == "\(id)\n")
            #expect(line(#"{{index .Config.Labels "a.b"}}"#) == "c\n")
            #expect(line(#"{{join .Config.Cmd " "}}|{{json .Args}}"#) == "sleep 1000|[\"1000\"]\n")
            #expect(line("{{range .Config.Env}}<{{.}}>{{end}}").contains("<X=1>"))
            let two = engine.run("inspect", "-f", "{{.Name}}", "one", "one")
            #expect(two.output == "one\none\n")
        }
    }

    @Test("a state has the members that Docker's has, whatever it is, as JSON too")
    func states() throws {
        let engine = EngineFixture()
        #expect(engine.run("create", "--name", "new", "BusyBox", "true").status == 0)
        #expect(engine.run("run", "--name", "over", "BusyBox", "sh", "-c", "exit 3").status == 3)
        for (name, status, code) in [("new", "created", 0.0), ("over", "exited", 3)] {
            let state = try engine.inspect(name)["State"]
            #expect(state["Status"].text == status && state["ExitCode"].number == code && state["Pid"].number == 0)
            for word in ["Running", "Paused", "Restarting", "OOMKilled", "Dead"] {
                #expect(state[word] == .bool(false), "\(name) \(word)")
            }
        }
        engine.run("rm", "new", "over")
    }

    @Test("a field that does not exist is named, and the other containers are printed")
    func missing() throws {
        try engine.withContainer(["--name", "here"]) { _ in
            let result = engine.run("inspect", "-f", "{{.Name}} {{.State.Statsu}}", "here")
            #expect(result.status == 64 && result.output == "")
            #expect(result.errors.contains("there is no field .State.Statsu") && result.errors.contains("Status"))
            let mixed = engine.run("inspect", "-f", "{{.Name}}", "nobody", "here")
            #expect(mixed.status == 1 && mixed.output == "here\n")
            let syntax = engine.run("inspect", "-f", "{{.Name", "here")
            #expect(syntax.status == 64 && syntax.errors.contains("character 1"), "\(syntax.errors)")
        }
    }

    @Test("what is no container may be an image, unless the type is said")
    func images() throws {
        try engine.withContainer(["--name", "both"]) { id in
            let both = try engine.json("inspect", "both", "BusyBox")
            #expect(both[0]["Id"].text == id && both[1]["RootFS"]["Type"].text == "layers")
            #expect(engine.run("inspect", "--type", "container", "BusyBox").status == 1)
            #expect(engine.run("container", "inspect", "BusyBox").status == 1)
            #expect(engine.run("inspect", "--type", "image", "both").status == 1)
            #expect(engine.run("inspect", "--type", "image", "-f", "{{.Os}}", "BusyBox").output == "linux\n")
            #expect(engine.run("image", "inspect", "-f", "{{.Name}}", "BusyBox").output == "BusyBox\n")
            let neither = engine.run("inspect", "nothing-like-this")
            #expect(neither.status == 1 && neither.errors.contains("and no image"), "\(neither.errors)")
            #expect(engine.run("inspect", "--type", "volume", "both").status == 64)
        }
    }
}
