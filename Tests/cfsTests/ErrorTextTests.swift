import CFSCore
import CFSLinux
import OptionsSupport
import Testing

@testable import CFSOptions
@testable import cfs

@Suite("Errors as people see them")
struct ErrorTextTests {
    private static let colours = Style(isColoured: true)

    @Test("a message, and a hint on its own line")
    func text() {
        let error = CFSError(.imageNotFound, .looking, "there is no image \"x\"", hint: "did you mean y?")
        #expect(ErrorText.text(error, style: .plain) == "cfs: there is no image \"x\"\n  hint: did you mean y?\n")
        #expect(ErrorText.text(CFSError(.conflict, .looking, "no"), style: .plain) == "cfs: no\n")
    }

    @Test("what the kernel said is part of the message")
    func kernel() {
        let error = CFSError(.systemCallFailed, .mounting, "cannot mount", systemCall: "mount", errno: 13)
        #expect(ErrorText.text(error, style: .plain) == "cfs: cannot mount (mount: Permission denied)\n")
    }

    @Test("an image cannot speak to the terminal through an error")
    func escapes() {
        let error = CFSError(.conflict, .looking, "\u{1b}]0;x\u{7}\ncfs: fine", hint: "\u{1b}[2J")
        #expect(ErrorText.text(error, style: .plain) == "cfs: \\x1b]0;x\\x07\\ncfs: fine\n  hint: \\x1b[2J\n")
    }

    @Test(
        "the commands of a hint are for the engine of the command line",
        arguments: [
            (
                "remove containers with `cfs rm`, or what nobody uses with `cfs system prune`",
                "remove containers with `cfs --root '/a b' rm`, or what nobody uses with `cfs --root '/a b' system prune`"
            ),
            ("remove it: cfs rm half", "remove it: cfs --root '/a b' rm half"),
            ("cfs cp a:/b - | cfs cp - c:/d", "cfs --root '/a b' cp a:/b - | cfs --root '/a b' cp - c:/d"),
            ("networks (cfs network prune), or", "networks (cfs --root '/a b' network prune), or"),
            // Neither sentences about cfs, nor help, nor other programs.
            ("cfs needs Linux 6.1 or newer", "cfs needs Linux 6.1 or newer"),
            ("see cfs network rm --help", "see cfs network rm --help"),
            ("cfs has no such verb yet; see cfs --help", "cfs has no such verb yet; see cfs --help"),
            ("nft flush table inet cfs network", "nft flush table inet cfs network"),
            ("look into /run/cfs run it", "look into /run/cfs run it"), ("see cfs", "see cfs"),
        ])
    func commands(hint: String, told: String) {
        #expect(HintCommands.text(hint, ["--root", "/a b"]) == told)
        #expect(HintCommands.text(hint, []) == hint)
    }

    @Test("colours surround the labels only")
    func colour() {
        let text = ErrorText.text(CFSError(.conflict, .looking, "no", hint: "go"), style: Self.colours)
        #expect(text == "\u{1b}[31;1mcfs:\u{1b}[0m no\n  \u{1b}[1mhint:\u{1b}[0m go\n")
    }

    @Test(
        "colours are for terminals that want them",
        arguments: [
            (true, [:], true), (false, [:], false), (true, ["NO_COLOR": "1"], false), (true, ["NO_COLOR": ""], true),
            (true, ["TERM": "dumb"], false), (true, ["TERM": "xterm"], true),
        ] as [(Bool, [String: String], Bool)])
    func style(isTerminal: Bool, variables: [String: String], expected: Bool) {
        let caller = Caller(variable: { variables[$0] }, directory: "/")
        #expect(Style(isTerminal: isTerminal, caller).isColoured == expected)
    }

    @Test("a wrong command line of any verb has the same form")
    func usage() {
        let arguments = ["stop", "-t", "x", "web"]
        let error = failure { () throws(CFSError) in
            let canonical = try CanonicalArguments(
                arguments[1...], StopCommand.optionNames, optionsEndAtFirstWord: false, verb: "stop")
            return try StopCommand.parse(canonical, name: "stop")
        }
        #expect(error?.message == "the value 'x' is invalid for '--time <seconds>'")
        #expect(error?.hint == "see cfs stop --help")
    }

    @Test("the exit status tells who failed")
    func status() {
        let usage = CFSError(.invalidArgument, .parsing, "x")
        #expect(Program.status(usage, startsCommand: true) == 125)
        #expect(Program.status(usage, startsCommand: false) == 64)
        for words in [["start"], ["restart"], ["restart", "-t", "x", "a"], ["start", "--no-such", "a"]] {
            #expect(Program.run(words) == 64, "\(words)")
        }
        for words in [["start", "-a"], ["start", "-ai"], ["attach"], ["attach", "a", "b"], ["run"], ["exec"]] {
            #expect(Program.run(words) == 125, "\(words)")
        }
        #expect(Program.status(CFSError(.commandNotFound, .starting, "x"), startsCommand: true) == 127)
        #expect(Program.status(CFSError(.commandNotExecutable, .starting, "x"), startsCommand: true) == 126)
        #expect(Program.status(CFSError(.containerNotFound, .looking, "x"), startsCommand: true) == 125)
        #expect(Program.status(CFSError(.containerNotFound, .looking, "x"), startsCommand: false) == 1)
    }

    @Test("a reader that has gone is no error of the verb")
    func closedPipe() {
        let gone = CFSError(kernel: 32, "write", .recording, path: StandardOutput.name)
        #expect(StandardOutput.isClosed(gone))
        #expect(!StandardOutput.isClosed(CFSError(kernel: 32, "write", .recording, path: "/a")))
        #expect(!StandardOutput.isClosed(CFSError(kernel: 28, "write", .recording, path: StandardOutput.name)))
    }
}
