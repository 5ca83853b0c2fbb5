import TestSupport
import Testing

@Suite("The systems of the catalogue, without internet", .needsHost, .engine)
struct RunSystemsTests: EngineSuite {
    @Test("`run TinyCore ls` prints a root directory")
    func tinyCore() {
        let result = engine.run("run", "--rm", "TinyCore", "ls")
        #expect(result.status == 0, "\(result.errors)")
        let expected = [
            "bin", "dev", "etc", "init", "lib", "linuxrc", "opt", "proc", "root", "sbin", "sys", "tmp", "usr", "var",
        ]
        #expect(result.lines == expected)
        #expect(result.errors == "")
    }

    @Test("a BusyBox is root in the root directory")
    func busyBox() {
        #expect(engine.run("run", "--rm", "BusyBox", "pwd").output == "/\n")
        #expect(engine.run("run", "--rm", "BusyBox", "whoami").output == "root\n")
    }

    @Test("a SliTaz gives a shell that reads its commands from the input")
    func slitaz() {
        let result = engine.run("run", "-i", "--rm", "SlitazOS", input: "whoami\npwd\n. /etc/os-release; echo $ID\n")
        #expect(result.output == "root\n/\ncfs-slitaz\n", "\(result.errors)")
        #expect(result.status == 0)
    }

    @Test("a system composed offline says that it is not the upstream", arguments: ["TinyCore", "SlitazOS"])
    func saysWhatItIs(image: String) {
        let result = engine.run("run", "--rm", image, "cat", "/etc/os-release")
        #expect(result.output.contains("composed offline"))
    }

    @Test("the three systems share one base layer, which lies on the disk once")
    func sharedBase() throws {
        for image in ["BusyBox", "TinyCore", "SlitazOS"] {
            #expect(engine.run("run", "--rm", image, "true").status == 0)
        }
        let layers = try ["BusyBox", "TinyCore", "SlitazOS"].map {
            try engine.json("image", "inspect", $0)[0]["Layers"].array.compactMap { $0["ChainID"].text }
        }
        let base = Set(layers.compactMap(\.first))
        #expect(base.count == 1)
        // One base and a thin layer each.
        #expect(Set(layers.flatMap { $0 }).count == 4)
        #expect(namesInFolder("\(engine.root)/layers").filter { $0.utf8.count == 64 }.count == 4)
        for image in try engine.json("images", "--format", "json").array {
            #expect(image["Source"].text == "offline")
            let (size, shared) = (image["Size"].number ?? 0, image["SharedSize"].number ?? 0)
            #expect(shared > 0 && shared < size)
        }
    }
}

@Suite("The real systems, where they are at hand", .needsHost, .engine)
struct RealSystemsTests: EngineSuite {
    @Test(
        "the real TinyCore is imported, and lists its own root",
        .enabled(if: RealImage.tinyCore.isThere, Comment(rawValue: RealImage.tinyCore.missing)))
    func realTinyCore() {
        #expect(engine.run("image", "import", "TinyCore", RealImage.tinyCore.path).status == 0)
        let result = engine.run("run", "--rm", "TinyCore", "ls")
        #expect(result.status == 0, "\(result.errors)")
        // `proc` and `sys` are the engine's: the archive has neither.
        let expected = ["bin", "dev", "etc", "init", "lib", "linuxrc", "opt", "root", "sbin", "tmp", "usr", "var"]
        #expect(result.lines.filter { $0 != "proc" && $0 != "sys" } == expected)
        #expect(engine.run("run", "--rm", "TinyCore", "whoami").output == "root\n")
        #expect(engine.run("run", "--rm", "TinyCore", "pwd").output == "/\n")
    }

    @Test(
        "the real SliTaz gives a prompt on a terminal",
        .enabled(if: RealImage.slitaz.isThere, Comment(rawValue: RealImage.slitaz.missing)))
    func realSlitaz() {
        #expect(engine.run("image", "import", "SlitazOS", RealImage.slitaz.path).status == 0)
        let terminal = Terminal()
        let command = engine.start(["run", "-it", "--rm", "SlitazOS", "sh"], terminal: terminal)
        #expect(terminal.waitFor("# "), "\(terminal.screen)")
        terminal.type("cat /etc/slitaz-release; exit\r")
        #expect(terminal.waitFor("4.0"))
        #expect(command.finish().status == 0)
    }
}
