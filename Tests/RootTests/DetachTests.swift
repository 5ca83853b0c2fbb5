import Glibc
import TestSupport
import Testing

@Suite("Leaving a container to itself", .needsHost, .engine)
struct DetachTests: EngineSuite {
    private static let keys = "\u{10}\u{11}"

    /// A shell in front, as `name`.
    private func shell(_ name: String, _ terminal: Terminal, _ options: String...) -> RunningCommand {
        let command = engine.start(["run", "-it", "--name", name] + options + ["BusyBox", "sh"], terminal: terminal)
        terminal.type("echo rea''dy\r")
        #expect(terminal.waitFor("ready"), "\(terminal.screen)")
        return command
    }

    private func attach(_ name: String, _ options: String..., on terminal: Terminal) -> RunningCommand {
        let before = terminal.settings
        let command = engine.start(["attach"] + options + [name], terminal: terminal)
        // What is typed earlier is shown by the terminal itself.
        #expect(eventually { terminal.settings != before })
        return command
    }

    @Test("Ctrl-P Ctrl-Q leaves a shell as it is, silently, and attaching comes back to it")
    func detach() throws {
        let terminal = Terminal()
        let before = terminal.settings
        let command = shell("left", terminal)
        defer { engine.run("rm", "-f", "left") }
        terminal.type("x=kept; echo s''et\r")
        #expect(terminal.waitFor("set"))
        let shown = terminal.screen
        terminal.type(Self.keys)
        #expect(command.finish().status == 0)
        #expect(terminal.settings == before)
        _ = terminal.waitFor("nothing of the kind", seconds: 0.2)
        // A prompt may still have come, but no word of cfs.
        #expect(!terminal.screen.dropFirst(shown.count).contains("cfs"))
        #expect(engine.exitCode("left") == nil)

        let second = Terminal(rows: 33, columns: 77)
        let client = attach("left", on: second)
        second.type("echo $x; stty size; exit 5\r")
        #expect(second.waitFor("kept\r\n33 77\r\n"), "\(second.screen)")
        #expect(client.finish().status == 5)
    }

    @Test("what was typed just before the keys reaches the command")
    func typedBefore() throws {
        let terminal = Terminal()
        let command = shell("typed", terminal)
        defer { engine.run("rm", "-f", "typed") }
        terminal.type("echo typed-'before'\r" + Self.keys)
        #expect(command.finish().status == 0)
        #expect(eventually { engine.run("logs", "typed").output.contains("typed-before\r\n") })
    }

    @Test("a sequence that was begun and not ended reaches the command")
    func broken() throws {
        let terminal = Terminal()
        // Raw and silent, it shows each byte as a number.
        let script = "stty raw -echo; echo ready; dd bs=1 count=3 2>/dev/null | od -An -tu1"
        let command = engine.start(["run", "-it", "--rm", "BusyBox", "sh", "-c", script], terminal: terminal)
        #expect(terminal.waitFor("ready"))
        terminal.type("\u{10}")
        terminal.type("\u{10}x")
        #expect(terminal.waitFor("16  16 120"), "\(terminal.screen)")
        #expect(command.finish().status == 0)
    }

    @Test("other keys can be chosen, and none", arguments: ["ctrl-x,y", ""])
    func otherKeys(keys: String) throws {
        let terminal = Terminal()
        let name = "keys-\(keys.utf8.count)"
        let command = shell(name, terminal, "--detach-keys", keys)
        defer { engine.run("rm", "-f", name) }
        // Nothing to a shell that reads lines but two odd keys, which Ctrl-U takes away again.
        terminal.type(Self.keys + "\u{15}echo st''ill\r")
        #expect(terminal.waitFor("still"), "\(terminal.screen)")
        terminal.type(keys.isEmpty ? "exit 9\r" : "\u{18}y")
        #expect(command.finish().status == (keys.isEmpty ? 9 : 0))
    }

    @Test("exec -it can be left, too: its command goes on")
    func exec() throws {
        try engine.withContainer { id in
            let terminal = Terminal()
            let before = terminal.settings
            let command = engine.start(["exec", "-it", id, "sh"], terminal: terminal)
            terminal.type("echo rea''dy; exec sleep 4321\r")
            #expect(terminal.waitFor("ready"))
            #expect(eventually { engine.run("top", id).output.contains("sleep 4321") })
            terminal.type(Self.keys)
            #expect(command.finish().status == 0)
            #expect(terminal.settings == before)
            #expect(engine.run("top", id).output.contains("sleep 4321"))
        }
    }

    @Test("two terminals on one container see the same; the size is the newest's, and the other's when that has left")
    func two() throws {
        let (first, second) = (Terminal(rows: 20, columns: 70), Terminal(rows: 30, columns: 90))
        let command = shell("shared", first)
        defer { engine.run("rm", "-f", "shared") }
        let client = attach("shared", on: second)
        second.type("stty size\r")
        #expect(first.waitFor("30 90") && second.waitFor("30 90"), "\(first.screen)\(second.screen)")
        second.type(Self.keys)
        #expect(client.finish().status == 0)
        first.type("stty size\r")
        #expect(first.waitFor("20 70"), "\(first.screen)")
        first.type("exit 4\r")
        #expect(command.finish().status == 4)
    }

    @Test("a client's terminal that is hung up does not end the container")
    func hangUp() throws {
        let terminal = Terminal()
        let command = shell("hung", terminal)
        defer { engine.run("rm", "-f", "hung") }
        terminal.type(Self.keys)
        #expect(command.finish().status == 0)
        let second = Terminal()
        let client = attach("hung", on: second)
        client.signal(SIGHUP)
        #expect(client.finish().status == 128 + SIGHUP)
        #expect(engine.exitCode("hung") == nil)
    }

    @Test("run -d -it is there to be attached to")
    func detachedFirst() throws {
        let terminal = Terminal(rows: 25, columns: 85)
        try engine.withContainer(["-it"], ["sh"]) { id in
            let client = attach(id, on: terminal)
            terminal.type("stty size; exit 2\r")
            #expect(terminal.waitFor("25 85"), "\(terminal.screen)")
            #expect(client.finish().status == 2)
        }
    }

    @Test("more than a terminal holds can be pasted while nobody reads")
    func paste() throws {
        let terminal = Terminal()
        let script = "stty raw -echo; echo ready; sleep 1; head -c 200000 | md5sum"
        let command = engine.start(["run", "-it", "--rm", "BusyBox", "sh", "-c", script], terminal: terminal)
        #expect(terminal.waitFor("ready"))
        let piece = String(repeating: "0123456789", count: 100)
        for _ in 0..<200 { try #require(terminal.type(piece, seconds: 20)) }
        #expect(terminal.waitFor("  -"), "\(terminal.screen.suffix(200))")
        let expected = engine.host("yes 0123456789 | tr -d '\\n' | head -c 200000 | md5sum").text
        #expect(terminal.screen.contains(expected))
        #expect(command.finish().status == 0)
    }
}
