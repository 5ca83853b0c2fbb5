import TestSupport
import Testing

@Suite("The exit status and the streams of `run`", .needsHost, .engine)
struct RunStatusTests: EngineSuite {
    @Test("the command's own exit status is that of cfs", arguments: [0, 1, 7, 124, 125, 126, 127, 255] as [Int32])
    func own(status: Int32) {
        let result = engine.inside("exit \(status)")
        #expect(result.status == status)
        #expect(result.errors == "")
    }

    @Test("a command that a signal ended gives 128 + n", arguments: [(6, "ABRT"), (9, "KILL"), (15, "TERM")])
    func signal(number: Int32, name: String) {
        #expect(engine.run("run", "--rm", "--init", "BusyBox", "sh", "-c", "kill -\(name) $$").status == 128 + number)
    }

    @Test("a first process that is killed from outside gives 137")
    func killed() throws {
        let command = engine.start([
            "run", "--rm", "--name", "killed", "BusyBox", "sh", "-c", "echo up; exec sleep 1000",
        ])
        #expect(command.waitForOutput("up"))
        #expect(engine.run("kill", "-s", "KILL", "killed").status == 0)
        #expect(command.finish().status == 137)
    }

    @Test(
        "a command that the image does not have gives 127 and says so", arguments: ["no-such-command", "/no/such/file"])
    func notFound(command: String) {
        let result = engine.run("run", "--rm", "BusyBox", command)
        #expect(result.status == 127)
        #expect(result.errors.contains("executable file not found: \"\(command)\""), "\(result.errors)")
        #expect(result.errors.contains("\(engine.typed) run -it BusyBox sh"), "\(result.errors)")
        #expect(result.output == "")
    }

    @Test("where the shell itself is missing, no hint says to look around with it")
    func noShell() throws {
        let empty = engine.folder.makeFolder("no-shell")
        for command in ["sh", "/bin/sh"] {
            let result = engine.run("run", "--rm", "-v", "\(empty):/bin:ro", "BusyBox", command)
            #expect(result.status == 127 && !result.errors.contains("hint:"), "\(result.errors)")
        }
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "rm", "/bin/sh").status == 0)
            let result = engine.run("exec", id, "sh")
            #expect(result.status == 127 && !result.errors.contains("hint:"), "\(result.errors)")
            let other = engine.run("exec", id, "nonsense")
            #expect(other.status == 127 && other.errors.contains("hint:"), "\(other.errors)")
        }
    }

    @Test("what cannot be executed gives 126 and says why", arguments: ["/etc/passwd", "/etc"])
    func notExecutable(command: String) {
        let result = engine.run("run", "--rm", "BusyBox", command)
        #expect(result.status == 126)
        #expect(result.errors.contains("\(command) cannot be executed"), "\(result.errors)")
    }

    @Test("what the engine refuses gives 125")
    func refused() {
        #expect(engine.run("run", "--rm", "--cap-add", "NONSENSE", "BusyBox", "true").status == 125)
        #expect(engine.run("run", "--rm", "--no-such-option", "BusyBox", "true").status == 125)
    }

    @Test("standard output and standard error stay apart")
    func apart() {
        let result = engine.inside("echo out; echo err >&2; echo out again")
        #expect(result.output == "out\nout again\n")
        #expect(result.errors == "err\n")
    }

    @Test("a MiB through `cat` comes back byte for byte")
    func pipe() {
        let text = String((0..<131_072).map { "\($0 % 10)234567\n" }.joined())
        let result = engine.run(["run", "-i", "--rm", "BusyBox", "cat"], input: text)
        #expect(result.status == 0)
        #expect(result.output.utf8.count == 1 << 20)
        #expect(result.output == text)
    }

    @Test("without -i the input is empty")
    func noInput() {
        let result = engine.run(["run", "--rm", "BusyBox", "sh", "-c", "cat; echo end"], input: "not for you\n")
        #expect(result.output == "end\n")
    }

    @Test("output that nobody reads any more ends quietly")
    func closedPipe() {
        let result = engine.host("$CFS run --rm BusyBox sh -c 'yes | head -n 100000' | head -n 1")
        #expect(result.output == "y\n")
        #expect(result.errors == "")
    }

    @Test("bytes that are no text arrive as they were")
    func binary() {
        let result = engine.inside("printf '\\000\\377\\n\\200'")
        #expect(result.bytes == [0x00, 0xff, 0x0a, 0x80])
    }
}
