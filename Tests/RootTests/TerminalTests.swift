import Glibc
import TestSupport
import Testing

@Suite("A container on a terminal", .needsHost, .engine)
struct TerminalTests: EngineSuite {
    /// `\r\n` ends what a terminal shows; a prompt may stand before it.
    private func shell(_ terminal: Terminal, _ options: String...) -> RunningCommand {
        engine.start(["run", "-it", "--rm"] + options + ["BusyBox", "sh"], terminal: terminal)
    }

    @Test("-t gives the command a terminal, of the caller's size")
    func size() {
        let terminal = Terminal(rows: 37, columns: 91)
        let command = shell(terminal)
        terminal.type("tty; stty size; echo $TERM; exit 4\r")
        #expect(terminal.waitFor("/dev/pts/0\r\n37 91\r\nxterm\r\n"), "\(terminal.screen)")
        #expect(command.finish().status == 4)
    }

    @Test("the size follows the caller's window")
    func resized() {
        let terminal = Terminal(rows: 24, columns: 80)
        let script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"
        let command = engine.start(["run", "-it", "--rm", "BusyBox", "sh", "-c", script], terminal: terminal)
        #expect(terminal.waitFor("ready"))
        terminal.resize(rows: 50, columns: 132)
        command.signal(SIGWINCH)
        #expect(terminal.waitFor("50 132"), "\(terminal.screen)")
        #expect(command.finish().status == 0)
    }

    @Test("Ctrl-C reaches the command, not cfs")
    func interrupt() {
        let terminal = Terminal()
        let command = shell(terminal)
        // Not before it runs: typed earlier, the key ends an empty line.
        terminal.type("sh -c 'echo run''ning; exec sleep 1000'\r")
        #expect(terminal.waitFor("running"))
        terminal.type("\u{3}")
        terminal.type("echo after''-$?\r")
        #expect(terminal.waitFor("after-130"), "\(terminal.screen)")
        terminal.type("exit 6\r")
        #expect(command.finish().status == 6)
    }

    @Test("the terminal is raw meanwhile, and afterwards as it was")
    func restored() {
        let terminal = Terminal()
        let before = terminal.settings
        let command = shell(terminal)
        terminal.type("echo rea''dy\r")
        #expect(terminal.waitFor("ready"))
        #expect(terminal.settings != before)
        terminal.type("exit\r")
        #expect(command.finish().status == 0)
        #expect(terminal.settings == before)
    }

    @Test("a start that fails leaves the terminal as it was")
    func restoredAfterFailure() {
        let terminal = Terminal()
        let before = terminal.settings
        let command = engine.start(["run", "-it", "--rm", "BusyBox", "no-such-command"], terminal: terminal)
        #expect(terminal.waitFor("executable file not found"), "\(terminal.screen)")
        #expect(command.finish().status == 127)
        #expect(terminal.settings == before)
    }

    @Test("so does a signal that ends the command", arguments: [SIGTERM, SIGHUP])
    func restoredAfterSignal(number: Int32) {
        let terminal = Terminal()
        let before = terminal.settings
        let command = engine.start(
            ["run", "-it", "--rm", "--init", "BusyBox", "sh", "-c", "echo up; exec sleep 1000"], terminal: terminal)
        #expect(terminal.waitFor("up"))
        command.signal(number)
        #expect(command.finish().status == 128 + number)
        #expect(terminal.settings == before)
    }

    @Test("-t alone leaves the caller's terminal as it is")
    func notInteractive() {
        let terminal = Terminal()
        let before = terminal.settings
        let command = engine.start(["run", "-t", "--rm", "BusyBox", "sh", "-c", "tty; sleep 0.2"], terminal: terminal)
        #expect(terminal.waitFor("/dev/pts/0"))
        #expect(terminal.settings == before)
        #expect(command.finish().status == 0)
    }

    @Test("-t alone: Ctrl-C reaches the command as a signal, and the third one kills what does not heed it")
    func interruptAlone() {
        let terminal = Terminal()
        let heeding = engine.start(
            ["run", "-t", "--rm", "BusyBox", "sh", "-c", "trap 'exit 5' INT; echo up; while :; do sleep 0.05; done"],
            terminal: terminal)
        #expect(terminal.waitFor("up"))
        // The key, of a terminal that is not raw.
        heeding.signal(SIGINT)
        #expect(heeding.finish().status == 5)
        let other = Terminal()
        let deaf = engine.start(
            ["run", "-t", "--rm", "BusyBox", "sh", "-c", "trap '' INT; echo up; exec sleep 1000"], terminal: other)
        #expect(other.waitFor("up"))
        deaf.signal(SIGINT)
        poll(nil, 0, 100)
        deaf.signal(SIGINT)
        #expect(other.waitFor("Ctrl-C once more to kill it"))
        deaf.signal(SIGINT)
        #expect(deaf.finish().status == 137)
    }

    @Test("-t without a terminal is an error, and nothing is made", arguments: ["run", "exec"])
    func noTerminal(verb: String) throws {
        try engine.withContainer { id in
            let words = verb == "run" ? ["run", "-it", "--name", "none", "BusyBox", "sh"] : ["exec", "-it", id, "sh"]
            let result = engine.run(words)
            #expect(result.status == 125)
            #expect(result.errors.contains("the input device is not a terminal"))
            #expect(engine.run("inspect", "none").status == 1)
        }
    }

    @Test("exec -it gives one more terminal in the container, of the caller's size")
    func exec() throws {
        try engine.withContainer { id in
            let terminal = Terminal(rows: 11, columns: 99)
            let before = terminal.settings
            let command = engine.start(["exec", "-it", id, "sh"], terminal: terminal)
            terminal.type("tty; stty size; exit 9\r")
            #expect(terminal.waitFor("11 99"), "\(terminal.screen)")
            #expect(terminal.screen.contains("/dev/pts/"))
            #expect(command.finish().status == 9)
            #expect(terminal.settings == before)
        }
    }

    @Test("the container can open its terminal again, by all of its names")
    func names() {
        let terminal = Terminal()
        let command = engine.start(
            [
                "run", "-t", "--rm", "-u", "tc", "TinyCore", "sh", "-c",
                "for f in /dev/tty /dev/pts/0 /dev/stdout; do echo $f > $f; done",
            ],
            terminal: terminal)
        for name in ["/dev/tty", "/dev/pts/0", "/dev/stdout"] {
            #expect(terminal.waitFor("\(name)\r"), "\(terminal.screen)")
        }
        #expect(command.finish().status == 0)
    }
}
