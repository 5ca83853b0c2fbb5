import Glibc
import TestSupport
import Testing

@Suite("How long a container stays, and what it is called", .needsHost, .engine)
struct RunLifeTests: EngineSuite {
    @Test("-d prints the id and leaves the container running")
    func detached() throws {
        try engine.withContainer { id in
            #expect(id.utf8.count == 36)
            #expect(engine.run("ps", "-q", "--no-trunc").lines.contains(id))
            let running = try engine.inspect(id)["State"]["Running"].bool
            #expect(running == true)
        }
    }

    @Test("-d keeps nothing of the caller open: whoever waits for its pipes goes on", arguments: [1, 2, 7])
    func lettingGo(descriptor: Int) throws {
        // The shell reads a pipe to its end, and that end is descriptor 1, 2 or 7 of cfs.
        let options = descriptor == 1 ? "" : "\(descriptor)>&1"
        let started = engine.host("id=$($CFS run -d BusyBox sleep 1000 \(options)); echo $id")
        #expect(!started.timedOut && started.text.utf8.count == 36, "\(started.errors)")
        #expect(engine.run("rm", "-f", started.text).status == 0)
    }

    @Test("a container without --rm stays after its end, with its status; --rm leaves nothing")
    func remove() throws {
        #expect(engine.run("run", "--name", "stays", "BusyBox", "sh", "-c", "exit 3").status == 3)
        #expect(try engine.inspect("stays")["State"]["ExitCode"].number == 3)
        #expect(engine.run("rm", "stays").output == "stays\n")
        #expect(engine.run("run", "--rm", "--name", "goes", "BusyBox", "sh", "-c", "exit 3").status == 3)
        #expect(engine.run("inspect", "goes").status == 1)
        #expect(!engine.run("ps", "-a").output.contains("goes"))
    }

    @Test("-d --rm removes the container once it has ended")
    func detachedRemove() {
        let id = engine.run("run", "-d", "--rm", "BusyBox", "sh", "-c", "echo short").text
        #expect(id.utf8.count == 36)
        #expect(eventually { access("\(engine.root)/containers/\(id)", F_OK) != 0 })
        #expect(!engine.run("ps", "-aq", "--no-trunc").output.contains(id))
    }

    @Test("a name is taken once, and free again when its container is gone")
    func name() throws {
        try engine.withContainer(["--name", "unique"]) { _ in
            let second = engine.run("run", "--rm", "--name", "unique", "BusyBox", "true")
            #expect(second.status == 125)
            #expect(second.errors.contains("unique"), "\(second.errors)")
        }
        #expect(engine.run("run", "--rm", "--name", "unique", "BusyBox", "true").status == 0)
    }

    @Test("every container without a name gets one of its own")
    func madeUpName() throws {
        try engine.withContainer { first in
            try engine.withContainer { second in
                let names = try [first, second].map { try #require(engine.inspect($0)["Name"].text) }
                #expect(Set(names).count == 2)
                #expect(names.allSatisfy { !$0.isEmpty })
            }
        }
    }

    @Test("labels are shown by inspect and ps")
    func labels() throws {
        engine.folder.write("from.file=yes\n", to: "labels")
        try engine.withContainer(["--label", "team=core", "-l", "empty", "--label-file", engine.folder("labels")]) {
            id in
            let labels = try engine.inspect(id)["Config"]["Labels"]
            #expect(labels == .object(["team": .text("core"), "empty": .text(""), "from.file": .text("yes")]))
            let listed = try engine.json("ps", "--format", "json").array.first { $0["ID"].text == id }
            #expect(listed?["Labels"]["team"].text == "core")
        }
    }

    @Test("--cidfile holds the id; a file that is there is an error, and then nothing is made")
    func idFile() throws {
        let file = engine.folder("id")
        try engine.withContainer(["--cidfile", file]) { id in
            #expect(textOfFile(file) == id)
            let second = engine.run("run", "--rm", "--name", "second", "--cidfile", file, "BusyBox", "true")
            #expect(second.status == 125)
            #expect(second.errors.contains("exists already"))
            #expect(textOfFile(file) == id)
            #expect(engine.run("inspect", "second").status == 1)
        }
        let failing = engine.folder("failing-id")
        #expect(engine.run("run", "--rm", "--cidfile", failing, "BusyBox", "no-such-command").status == 127)
        #expect(access(failing, F_OK) != 0)
    }

    @Test("a start that fails leaves no container, with --rm and without", arguments: [[], ["--rm"], ["-d"]])
    func failingStart(options: [String]) {
        let result = engine.run(
            ["run", "--name", "failing\(options.joined())"] + options + ["BusyBox", "no-such-command"])
        #expect(result.status == 127)
        #expect(result.output == "")
        #expect(engine.run("inspect", "failing\(options.joined())").status == 1)
    }

    @Test("--hostname is the host name, in the kernel and in /etc")
    func hostname() {
        let result = engine.inside(
            "hostname; cat /etc/hostname; grep -c '127.0.1.1.*workbench' /etc/hosts", "-h", "workbench")
        #expect(result.output == "workbench\nworkbench\n1\n")
    }

    @Test("without --hostname it is the beginning of the id")
    func defaultHostname() throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "hostname").text == String(id.prefix(12)))
        }
    }

    @Test("a container that removed itself in the background is gone for every verb, and its name is free")
    func ghost() {
        let id = engine.run("run", "-d", "--rm", "--name", "brief", "BusyBox", "true").text
        #expect(eventually { engine.run("ps", "-aq").output == "" || !engine.run("ps", "-a").output.contains("brief") })
        for verb in ["inspect", "logs", "rm", "stop"] {
            let result = engine.run(verb, "brief")
            #expect(result.status != 0 && result.errors.contains("no container \"brief\""), "\(verb)")
        }
        #expect(engine.run("inspect", id).status != 0)
        #expect(!engine.run("inspect", "brie").errors.contains("brief"))
    }
}
