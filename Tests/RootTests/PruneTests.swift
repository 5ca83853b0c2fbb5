import Glibc
import TestSupport
import Testing

// Each test prunes all that its engine has, so each has one of its own.
@Suite("Pruning, and what lies on the disk", .needsHost)
struct PruneTests {
    private func withEngine(_ body: (EngineFixture) throws -> Void) rethrows {
        let engine = EngineFixture()
        try body(engine)
        engine.expectNothingLeft()
    }

    @Test("containers that do not run go, with what they wrote; those that run, and those that are paused, stay")
    func containers() throws {
        try withEngine { engine in
            let write = "dd if=/dev/zero of=/data bs=1M count=4 2>/dev/null"
            #expect(engine.run("run", "--name", "ended", "BusyBox", "sh", "-c", write).status == 0)
            let ended = try #require(engine.inspect("ended")["Id"].text)
            try engine.withContainer(["--name", "live"]) { live in
                try engine.withContainer(["--name", "still"]) { still in
                    engine.run("pause", "still")
                    let use = try engine.json("system", "df", "--format", "json")[1]
                    #expect(use["Type"].text == "Containers" && use["TotalCount"].number == 3)
                    #expect(use["Active"].number == 2)
                    let reclaimable = try #require(use["Reclaimable"].number)
                    #expect((4_194_304..<8_388_608).contains(reclaimable))
                    let result = try engine.json("container", "prune", "-f", "--format", "json")
                    #expect(result["Containers"].texts == [ended])
                    #expect(result["SpaceReclaimed"].number == reclaimable)
                    #expect(Set(engine.run("ps", "-aq", "--no-trunc").lines) == [live, still])
                    #expect(access("\(engine.root)/containers/\(ended)", F_OK) != 0)
                    engine.run("unpause", "still")
                }
            }
            let nothing = engine.run("container", "prune", "--force")
            #expect(nothing.status == 0 && nothing.output == "Total reclaimed space: 0B\n")
        }
    }

    @Test("a container that is started while images are removed runs, every time")
    func races() {
        withEngine { engine in
            let result = engine.host(
                """
                for round in $(seq 12); do
                    for i in 1 2 3; do $CFS run --rm BusyBox true || echo failed & done
                    $CFS system prune -af >/dev/null & $CFS image rm -f BusyBox >/dev/null 2>&1 &
                    wait
                done
                """)
            #expect(result.output == "" && result.errors == "" && !result.timedOut)
        }
    }

    @Test("what happens to images is an event, too")
    func imageEvents() throws {
        try withEngine { engine in
            engine.host(
                "mkdir sample && echo x >sample/file && $CFS image import one sample && $CFS image import two sample")
            engine.run("image", "rm", "one")
            engine.run("system", "prune", "-af")
            let told = engine.run("events", "--since", "1h", "--until", "0s", "-f", "type=image", "--format", "json")
                .lines
            let words = try told.map { line in
                let event = try JSONValue(parsing: Array(line.utf8))
                return "\(event["Action"].text ?? "") \(event["Actor"]["Attributes"]["name"].text ?? "")"
            }
            #expect(words == ["import one", "import two", "untag one", "untag two"])
        }
    }

    @Test("filters say what may go")
    func filters() {
        withEngine { engine in
            for (name, label) in [("a", "team=x"), ("b", "team=y"), ("c", "keep")] {
                #expect(engine.run("create", "--name", name, "-l", label, "BusyBox", "true").status == 0)
            }
            func left() -> [String] { engine.run("ps", "-a", "--format", "{{.Names}}").lines.sorted() }
            engine.run("container", "prune", "-f", "--filter", "until=1h")
            #expect(left() == ["a", "b", "c"])
            engine.run("container", "prune", "-f", "--filter", "label=team=x")
            #expect(left() == ["b", "c"])
            let result = engine.run("container", "prune", "-f", "--filter", "label!=keep")
            #expect(left() == ["c"] && result.output.hasPrefix("Deleted Containers:\n"))
            #expect(engine.run("container", "prune", "-f", "--filter", "name=c").status == 64)
            engine.run("rm", "c")
        }
    }

    @Test("without --force it asks, and only a yes is taken")
    func asks() {
        withEngine { engine in
            #expect(engine.run("run", "--name", "kept", "BusyBox", "true").status == 0)
            let refused = engine.run("container", "prune", input: "y\n")
            #expect(refused.status == 1 || refused.status == 64)
            #expect(refused.errors.contains("--force"), "\(refused.errors)")
            for (answer, isLeft) in [("n\r", true), ("\r", true), ("y\r", false)] {
                let terminal = Terminal()
                let command = engine.start(["container", "prune"], terminal: terminal)
                #expect(terminal.waitFor("[y/N]"), "\(terminal.screen)")
                terminal.type(answer)
                #expect(command.finish().status == 0)
                #expect((engine.run("ps", "-a").lines.count == 2) == isLeft)
            }
        }
    }

    @Test("system prune takes layers that nobody uses; with --all the images without containers, too")
    func system() throws {
        try withEngine { engine in
            #expect(engine.run("run", "--rm", "TinyCore", "true").status == 0)
            try engine.withContainer { _ in
                let before = engine.stored
                let first = try engine.json("system", "prune", "-f", "--format", "json")
                #expect(first["Images"].texts == [] && engine.stored == before)
                let use = try engine.json("system", "df", "--format", "json")
                #expect(use[0]["TotalCount"].number == 2 && use[0]["Active"].number == 1)
                let second = try engine.json("system", "prune", "-af", "--format", "json")
                #expect(second["Images"].texts == ["TinyCore"] && second["Layers"].texts.count == 1)
                #expect(second["SpaceReclaimed"].number == use[0]["Reclaimable"].number)
                #expect(engine.run("images", "-q").lines.count == 1)
            }
            let last = engine.run("system", "prune", "--all", "--force")
            #expect(last.output.contains("Deleted Images:\nBusyBox\n"))
            #expect(engine.stored.isEmpty)
            let empty = try engine.json("system", "df", "--format", "json")
            #expect(empty.array.map { $0["Size"].number } == [0, 0, 0, 0])
        }
    }

    @Test("of an image with several names, system prune --all keeps those that containers were made with")
    func severalNames() throws {
        try withEngine { engine in
            let file = engine.folder("image.tar")
            let made = engine.host(
                """
                $CFS run --rm BusyBox true && $CFS image export -q -o \(file) BusyBox
                for name in a mine:2; do $CFS image import -q $name \(file); done
                $CFS create -l keep --name kept mine:2 echo still
                """)
            #expect(made.status == 0, "\(made.errors)")
            let use = try engine.json("system", "df", "-v", "--format", "json")
            #expect(use["Images"].array.map { $0["Containers"].number } == [0, 0, 1])
            let total = try engine.json("system", "df", "--format", "json")[0]
            #expect(total["TotalCount"].number == 3 && total["Active"].number == 1 && total["Reclaimable"].number == 0)
            let pruned = try engine.json(
                "system", "prune", "-af", "--filter", "label!=keep", "--format", "json")
            #expect(pruned["Images"].texts == ["BusyBox", "a"] && pruned["SpaceReclaimed"].number == 0)
            #expect(engine.run("start", "-a", "kept").output == "still\n")
            engine.run("rm", "kept")
        }
    }

    @Test("a layer whose image was removed stays while a container has it")
    func mounted() throws {
        try withEngine { engine in
            try engine.withContainer { id in
                #expect(engine.run("image", "rm", "-f", "BusyBox").status == 0)
                #expect(engine.run("system", "prune", "-af").status == 0)
                #expect(engine.run("exec", id, "echo", "lives").output == "lives\n")
            }
            let result = try engine.json("system", "prune", "-f", "--format", "json")
            #expect(result["Layers"].texts.count == 2)
        }
    }

    @Test("prune beside starts and ends breaks none of them")
    func racing() {
        withEngine { engine in
            let result = engine.host(
                """
                for n in 1 2 3; do (for i in 1 2 3 4 5 6 7 8; do $CFS run BusyBox true || echo failed; done) & done
                (for i in 1 2 3 4 5 6 7 8; do $CFS run -d --rm BusyBox sleep 0.1 >/dev/null || echo failed; done) &
                for i in 1 2 3 4 5 6 7 8 9 10; do $CFS container prune -f >/dev/null || echo prune failed; done
                wait; $CFS container prune -f > /dev/null || echo prune failed
                """, seconds: 300)
            #expect(result.output == "", "\(result.output)\(result.errors)")
            #expect(eventually { engine.run("ps", "-a").lines.count == 1 })
        }
    }

    @Test("df -v lists each image, container, layer and blob")
    func verbose() throws {
        try withEngine { engine in
            try engine.withContainer(["--name", "shown"]) { id in
                let text = engine.run("system", "df", "-v").output
                for part in ["Images:", "BusyBox", "Containers:", "shown", "Layers:", "Blobs:"] {
                    #expect(text.contains(part))
                }
                let all = try engine.json("system", "df", "-v", "--format", "json")
                #expect(all["Containers"][0]["ID"].text == id)
                #expect(all["Layers"].array.count == 2)
                let table = engine.run("system", "df").lines
                #expect(table.count == 5 && table.first?.hasPrefix("TYPE") == true)
            }
        }
    }
}
