import Glibc
import TestSupport
import Testing

@Suite("Joining the streams of a running container", .needsHost, .engine)
struct AttachTests: EngineSuite {
    /// Says a line for each signal USR1, ends with status 7 at USR2.
    private static let speaker =
        "n=0; trap 'n=$((n+1)); echo line $n; echo error $n >&2' USR1; trap 'echo last; exit 7' USR2; "
        + "echo ready; while :; do sleep 0.05; done"

    private func withSpeaker(_ body: (String) throws -> Void) throws {
        try engine.withContainer([], ["sh", "-c", Self.speaker]) { id in
            #expect(eventually { engine.run("logs", id).output == "ready\n" })
            try body(id)
        }
    }

    /// Starts a client, and waits until the monitor knows it.
    private func attach(_ id: String, _ options: String..., terminal: Terminal? = nil) throws -> RunningCommand {
        let before = try descriptors(id)
        let client = engine.start(["attach"] + options + [id], terminal: terminal)
        let monitor = try engine.monitor(id)
        #expect(eventually { namesInFolder("/proc/\(monitor)/fd").count > before + 1 })
        return client
    }

    /// How many descriptors the container's monitor has open: a client that has joined brings some.
    private func descriptors(_ id: String) throws -> Int { namesInFolder("/proc/\(try engine.monitor(id))/fd").count }

    private func blocks(_ signal: Int32, _ pid: Int32) -> Bool {
        let line = (textOfFile("/proc/\(pid)/status") ?? "").split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
        let mask = line.flatMap { UInt64($0.dropFirst(7).drop(while: \.isWhitespace), radix: 16) } ?? 0
        return mask & 1 << UInt64(signal - 1) != 0
    }

    private func tell(_ id: String, _ signal: String) { #expect(engine.run("kill", "-s", signal, id).status == 0) }

    @Test("two clients get the same, each stream for itself, and the container's status")
    func two() throws {
        try withSpeaker { id in
            let clients = [try attach(id), try attach(id)]
            tell(id, "USR1")
            for client in clients {
                #expect(client.waitForOutput("line 1"))
                #expect(client.waitForOutput("error 1", in: .errors))
            }
            tell(id, "USR2")
            for client in clients {
                let result = client.finish()
                #expect(result.output == "line 1\nlast\n")
                #expect(result.errors == "error 1\n")
                #expect(result.status == 7)
            }
        }
    }

    @Test("a client beside the one that started the container leaves that one alone")
    func besideStarter() throws {
        let starter = engine.start(["run", "--rm", "--name", "front", "BusyBox", "sh", "-c", Self.speaker])
        #expect(starter.waitForOutput("ready"))
        let client = try attach("front")
        tell("front", "USR1")
        #expect(client.waitForOutput("line 1") && starter.waitForOutput("line 1"))
        // Killed, it has no say in how the container goes on.
        client.signal(SIGKILL)
        _ = client.finish()
        tell("front", "USR2")
        let result = starter.finish()
        #expect(result.output == "ready\nline 1\nlast\n" && result.status == 7)
    }

    @Test("one that stops reading harms neither the container nor the other, and hears what it missed")
    func stalled() throws {
        let script = "trap 'seq 1000000; echo end; exit 3' USR1; echo ready; while :; do sleep 0.05; done"
        try engine.withContainer([], ["sh", "-c", script]) { id in
            #expect(eventually { engine.run("logs", id).output == "ready\n" })
            // Its output goes into a pipe that is full after 64 KiB, and is read when the container has ended.
            let stalled = try attach(id)
            let quick = try attach(id)
            tell(id, "USR1")
            let result = quick.finish(seconds: 300)
            #expect(result.status == 3)
            #expect(result.lines.suffix(2) == ["1000000", "end"])
            let late = stalled.finish(seconds: 300)
            #expect(late.status == 3)
            #expect(late.lines.first == "1" && late.bytes.count < 6_888_896)
            #expect(late.errors.contains("of output skipped"), "\(late.errors)")
            // The log has everything.
            #expect(engine.host("$CFS logs \(id) | wc -l").output == "1000002\n")
        }
    }

    @Test("input goes to a container that was made with -i, from several clients, whose end is not its end")
    func input() throws {
        try engine.withContainer(["-i"], ["sh", "-c", "while read line; do echo got $line; done; echo over"]) { id in
            let first = try attach(id)
            let second = try attach(id)
            first.write("one\n")
            #expect(first.waitForOutput("got one") && second.waitForOutput("got one"))
            first.closeInput()
            second.write("two\n")
            #expect(first.waitForOutput("got two") && second.waitForOutput("got two"))
            let known = try descriptors(id)
            let piped = engine.host("echo three | timeout 2 $CFS attach --sig-proxy=false \(id)")
            #expect(piped.output == "got three\n" && piped.status == 124)
            let monitor = try engine.monitor(id)
            #expect(eventually { namesInFolder("/proc/\(monitor)/fd").count == known })
            #expect(engine.exitCode(id) == nil)
            let silent = try attach(id, "--no-stdin")
            silent.write("four\n")
            second.write("five\n")
            #expect(silent.waitForOutput("got five"))
            #expect(!engine.run("logs", id).output.contains("four"))
            engine.run("rm", "-f", id)
            #expect(first.finish().status == 137)
        }
    }

    @Test("a container that was made without -i gets nothing")
    func noInput() throws {
        try engine.withContainer([], ["sh", "-c", "cat; echo done; sleep 1000"]) { id in
            #expect(eventually { engine.run("logs", id).output == "done\n" })
            let client = try attach(id)
            client.write("unheard\n")
            tell(id, "KILL")
            let result = client.finish()
            #expect(result.output == "" && result.status == 137)
        }
    }

    @Test("the end of the starter's input is the end of the container's")
    func starterInput() throws {
        let starter = engine.start(["run", "-i", "--rm", "--name", "cat", "BusyBox", "cat"])
        starter.write("from the starter\n")
        #expect(starter.waitForOutput("from the starter"))
        let client = try attach("cat")
        client.write("from the client\n")
        #expect(starter.waitForOutput("from the client") && client.waitForOutput("from the client"))
        let result = starter.finish()
        #expect(result.output == "from the starter\nfrom the client\n" && result.status == 0)
        #expect(client.finish().status == 0)
    }

    @Test("signals go to the container, and with --sig-proxy=false end the client alone")
    func signals() throws {
        try withSpeaker { id in
            let alone = try attach(id, "--sig-proxy=false")
            let client = try attach(id)
            alone.signal(SIGTERM)
            let left = alone.finish()
            #expect(left.status == 128 + SIGTERM && left.errors == "")
            // The monitor knows it a moment before it takes signals.
            #expect(eventually { blocks(SIGUSR2, client.pid) })
            client.signal(SIGUSR2)
            #expect(client.finish().status == 7)
        }
    }

    @Test("what cannot be attached to says so")
    func errors() throws {
        let missing = engine.run("attach", "no-such-container")
        #expect(missing.status == 125 && missing.errors.contains("there is no container \"no-such-container\""))
        engine.run("run", "--name", "ended", "BusyBox", "true")
        defer { engine.run("rm", "ended") }
        let ended = engine.run("attach", "ended")
        #expect(ended.status == 125 && ended.errors.contains("the container ended is not running"))
        try engine.withContainer { id in
            let keys = engine.run("attach", "--detach-keys", "ctrl-1", id)
            #expect(keys.status == 125 && keys.errors.contains("--detach-keys does not know the key \"ctrl-1\""))
            guard engine.run("pause", id).status == 0 else { return }
            let paused = engine.run("attach", id)
            engine.run("unpause", id)
            #expect(paused.status == 125 && paused.errors.contains("is paused"))
        }
    }

    @Test("a reader that has enough ends the client, and nothing else")
    func pipeline() throws {
        try withSpeaker { id in
            let head = engine.host(
                "(sleep 0.5; $CFS kill -s USR1 \(id); sleep 0.3; $CFS kill -s USR1 \(id)) >/dev/null & "
                    + "timeout 60 $CFS attach \(id) 2>/dev/null | head -n 1; echo ${PIPESTATUS[0]}; wait")
            #expect(head.lines == ["line 1", "141"])
            #expect(engine.exitCode(id) == nil)
        }
    }

    @Test("the third Ctrl-C kills a command that does not heed it, and the second says so")
    func interrupts() throws {
        // Ignored before it says so: a shell that is still itself at the first signal would end by it.
        let front = engine.start(["run", "--rm", "BusyBox", "sh", "-c", "trap '' INT; echo up; exec sleep 1000"])
        #expect(front.waitForOutput("up"))
        front.signal(SIGINT)
        poll(nil, 0, 100)
        front.signal(SIGINT)
        #expect(front.waitForOutput("Ctrl-C once more to kill it", in: .errors))
        front.signal(SIGINT)
        #expect(front.finish().status == 137)
    }
}
