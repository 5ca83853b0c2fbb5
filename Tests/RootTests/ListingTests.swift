import Glibc
import TestSupport
import Testing

@Suite("What the engine tells about its containers", .needsHost, .engine)
struct ListingTests: EngineSuite {
    @Test("ps shows what runs, ps -a also what has ended")
    func list() throws {
        #expect(engine.run("run", "--name", "ended", "BusyBox", "sh", "-c", "exit 3").status == 3)
        defer { engine.run("rm", "ended") }
        try engine.withContainer(["--name", "running"]) { id in
            let header = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "NAMES"]
            let running = engine.run("ps").lines
            #expect(header.allSatisfy { running.first?.contains($0) == true })
            let line = try #require(running.first { $0.hasPrefix(id.prefix(12)) })
            #expect(
                line.contains("BusyBox") && line.contains("\"sleep 1000\"") && line.contains("Up ")
                    && line.hasSuffix("running"))
            let showsEnded = running.contains { $0.hasSuffix("ended") }
            #expect(!showsEnded)
            let all = engine.run("ps", "-a").lines
            let hasEnded = all.contains { $0.hasSuffix("ended") && $0.contains("Exited (3)") }
            let hasRunning = all.contains { $0.hasSuffix("running") }
            #expect(hasEnded && hasRunning)
        }
    }

    @Test("ps --format json has the state, the status and the command as a list")
    func listJSON() throws {
        try engine.withContainer(["--name", "json"]) { id in
            let found = try engine.json("ps", "-a", "--format", "json").array.first { $0["ID"].text == id }
            let container = try #require(found)
            #expect(container["Names"].text == "json")
            #expect(container["State"].text == "running")
            #expect(container["Command"].texts == ["sleep", "1000"])
            #expect(container["Pid"].number.map { textOfFile("/proc/\(Int($0))/comm") } == "sleep\n")
        }
    }

    @Test("inspect knows image, state, command, layers and the whole configuration")
    func inspect() throws {
        try engine.withContainer(["-e", "A=b", "-w", "/tmp", "--stop-signal", "USR1"]) { id in
            let container = try engine.inspect(id)
            #expect(container["Id"].text == id)
            #expect(container["State"]["Running"].bool == true)
            #expect(container["Config"]["Env"].texts.contains("A=b"))
            #expect(container["Config"]["WorkingDir"].text == "/tmp")
            #expect(container["Config"]["StopSignal"].text?.hasSuffix("USR1") == true)
            let layers = container["GraphDriver"]["Data"]["LowerDirs"].texts
            #expect(layers.count == 2 && layers.allSatisfy { access($0, F_OK) == 0 })
            #expect(container["OCI"]["ociVersion"].text?.hasPrefix("1.") == true)
        }
    }

    @Test("--timing has every phase of the start, in nanoseconds that add up")
    func timing() throws {
        try engine.withContainer { id in
            let report = try engine.json("inspect", "--timing", "--format", "json", id)[0]
            let phases = report["Phases"].array
            #expect(phases.count > 5)
            let sum = phases.compactMap { $0["Nanoseconds"].number }.reduce(0, +)
            #expect(sum > 0 && sum == report["TotalNanoseconds"].number)
            let names = phases.compactMap { $0["Name"].text }
            #expect(Set(names).count == names.count)
            let table = engine.run("inspect", "--timing", id)
            #expect(names.allSatisfy { table.output.contains($0) })
        }
    }

    @Test("--isolation: every protection of a default container holds")
    func isolation() throws {
        try engine.withContainer { id in
            let facts = try engine.json("inspect", "--isolation", "--format", "json", id)[0]["Facts"].array
            #expect(facts.count > 30)
            for fact in facts {
                let name = fact["Name"].text ?? ""
                // The one that depends on the host: the limit of processes needs its controller on cgroup v2.
                if name == "pids.max", fact["Actual"].text?.contains("v1") == true { continue }
                #expect(fact["Holds"].bool == true, "\(name): \(fact)")
            }
        }
    }

    @Test("--isolation shows what was given up")
    func givenUp() throws {
        try engine.withContainer(["--privileged", "--userns", "host", "--network", "host"]) { id in
            let facts = try engine.json("inspect", "--isolation", "--format", "json", id)[0]["Facts"].array
            func actual(_ name: String) -> String? { facts.first { $0["Name"].text == name }?["Actual"].text }
            #expect(actual("user namespace") == "host")
            #expect(actual("network namespace") == "host")
            #expect(actual("seccomp") == "none")
            #expect(actual("no_new_privs") == "off")
        }
    }

    @Test("an id goes before a name, and a name before the beginning of another's id, for every verb")
    func nameLikeID() throws {
        try engine.withContainer { first in
            let beginning = String(first.prefix(12))
            try engine.withContainer(["--name", beginning]) { second in
                for (reference, id) in [(beginning, second), (first, first), (String(first.prefix(13)), first)] {
                    let found = try engine.inspect(reference)["Id"].text
                    #expect(found == id, "\(reference)")
                }
                #expect(engine.run("exec", beginning, "hostname").text == String(second.prefix(12)))
                let joined = engine.run("run", "--rm", "--uts", "container:\(beginning)", "BusyBox", "hostname")
                #expect(joined.text == String(second.prefix(12)), "\(joined.errors)")
                #expect(engine.run("rm", "-f", beginning).status == 0)
                #expect(engine.run("ps", "-aq", "--no-trunc").lines.contains(first))
                #expect(!engine.run("ps", "-aq", "--no-trunc").lines.contains(second))
                // Now that the name is gone, it is the beginning of an id again.
                let found = try engine.inspect(beginning)["Id"].text
                #expect(found == first)
            }
            let whole = engine.run("run", "--rm", "--name", first, "BusyBox", "true")
            #expect(whole.status == 125 && whole.errors.contains("a name must not look like an id"), "\(whole.errors)")
        }
    }

    @Test("a unique prefix of an id names a container, one that several share does not")
    func prefixes() throws {
        var ids: [String] = []
        defer { if !ids.isEmpty { engine.run(["rm", "-f"] + ids) } }
        // Sixteen first digits: two of seventeen containers share one.
        while Set(ids.compactMap(\.first)).count == ids.count {
            let name = "prefix\(ids.count)"
            #expect(engine.run("run", "--name", name, "BusyBox", "true").status == 0)
            ids.append(try #require(engine.inspect(name)["Id"].text))
        }
        let last = try #require(ids.last)
        #expect(try engine.inspect(String(last.prefix(12)))["Id"].text == last)
        let shared = String(last.prefix(1))
        let ambiguous = engine.run("inspect", shared)
        #expect(ambiguous.status == 1)
        #expect(ambiguous.errors.contains("several containers"), "\(ambiguous.errors)")
    }

    @Test("an unknown container is told with the nearest name")
    func unknown() throws {
        try engine.withContainer(["--name", "database"]) { _ in
            let result = engine.run("inspect", "databse")
            #expect(result.status == 1)
            #expect(result.errors.contains("there is no container \"databse\""))
            #expect(result.errors.contains("did you mean database?"))
        }
    }

    @Test(
        "everything that lists something does so as JSON too",
        arguments: [
            ["ps"], ["ps", "-a"], ["images"], ["images", "-a"], ["image", "ls"], ["info"], ["version"], ["doctor"],
            ["system", "recover"], ["explain", "BusyBox", "true"], ["image", "inspect", "BusyBox"],
            ["system", "df"], ["system", "df", "-v"], ["container", "ls"],
            ["container", "prune", "-f", "--filter", "until=24h"],
        ])
    func everywhere(verb: [String]) throws {
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        let words =
            verb.first == "explain" ? ["explain", "--format", "json"] + verb.dropFirst() : verb + ["--format", "json"]
        let result = engine.run(words)
        #expect(result.status == 0 || verb == ["doctor"], "\(result.errors)")
        #expect(throws: Never.self) { try JSONValue(parsing: result.bytes) }
        #expect(result.output.hasSuffix("\n"))
    }

    @Test("doctor names each controller that limits cannot use here, with what would help")
    func doctor() throws {
        let findings = try JSONValue(parsing: engine.run("doctor", "--format", "json").bytes).array
        let present = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].compactMap { textOfFile("\($0)/cgroup.controllers") }
        let names = try #require(present.first).split(whereSeparator: \.isWhitespace).map(String.init)
        for controller in ["memory", "cpu", "io", "cpuset"] {
            let finding = findings.first { $0["Name"].text == "\(controller) limits" }
            #expect((finding == nil) == names.contains(controller), "\(controller)")
            guard let finding else { continue }
            #expect(finding["Verdict"].text == "warning" && finding["Hint"].text?.isEmpty == false, "\(finding)")
            #expect(finding["Detail"].text?.hasPrefix("\(controller) is ") == true, "\(finding)")
        }
    }

    @Test("an image of the catalogue that was not made yet is told as such, also without saying that it is one")
    func catalogue() throws {
        let name = "SlitazOS"
        engine.run("image", "rm", name)
        let result = engine.run("inspect", name)
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("cfs: the image \(name) of the catalogue is not here yet"), "\(result.errors)")
        #expect(result.errors == engine.run("image", "inspect", name).errors)
        #expect(engine.run("inspect", "--type", "container", name).errors.contains("there is no container"))
    }

    @Test("a format that does not exist is an error")
    func unknownFormat() {
        let result = engine.run("ps", "--format", "yaml")
        #expect(result.status == 64)
        #expect(result.errors.contains("yaml"))
    }
}

@Suite("`explain`", .needsHost, .engine)
struct ExplainTests: EngineSuite {
    /// All that lies below the engine's two folders, files with the time of their last change. The registry is read, which
    /// makes and removes files of SQLite's; runs that are refused are told in the journal.
    private var tree: String {
        engine.host(
            "find root run ! -name 'registry.db*' ! -name journal \\( -type d -printf '%p\\n' -o -printf '%p %T@ %s\\n' \\) | sort"
        ).output
    }

    @Test("shows the steps and the configuration, and touches nothing")
    func touchesNothing() throws {
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        let before = tree
        let steps = engine.run("explain", "--rm", "--read-only", "-v", "/etc:/data:ro", "BusyBox", "ls", "/data")
        #expect(steps.status == 0, "\(steps.errors)")
        // What a start would refuse without asking the kernel is refused here.
        for options in [["-v", "/no/such/source:/x"], ["--sysctl", "kernel.hostname=x"], ["--name", "-bad-"]] {
            let refused = engine.run(["explain"] + options + ["BusyBox", "true"])
            #expect(refused.status != 0 && refused.output == "", "\(options)")
            #expect(refused.errors == engine.run(["run", "--rm"] + options + ["BusyBox", "true"]).errors)
        }
        for word in ["clone", "/data", "seccomp", "pivot", "ls"] { #expect(steps.output.contains(word), "\(word)") }
        let document = try engine.json("explain", "--format", "json", "--read-only", "BusyBox", "ls", "/data")
        #expect(document["Configuration"]["process"]["args"].texts == ["ls", "/data"])
        #expect(document["Configuration"]["root"]["readonly"].bool == true)
        #expect(document["Steps"].array.count > 10)
        #expect(tree == before)
        engine.expectNothingLeft()
        #expect(engine.run("ps", "-aq").output == "")
    }
}
