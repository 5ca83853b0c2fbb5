import CFSCore
import CFSLinux
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("The options of exec")
struct ExecOptionsTests {
    private func options(_ arguments: String...) throws(CFSError) -> ExecOptions {
        let canonical = try CanonicalArguments(
            arguments[...], ExecOptions.optionNames, optionsEndAtFirstWord: true, verb: "exec")
        return try ExecOptions(canonical, verb: "exec")
    }

    @Test("they describe the command")
    func request() throws {
        let asked = try options(
            "-it", "-e", "A=b", "-eHOME", "-w", "/srv", "-u", "web", "--privileged", "box", "ls", "-l")
        #expect(asked.container == "box")
        var expected = ExecutionRequest(command: ["ls", "-l"])
        expected.environment = ["A=b", "HOME=/root"]
        (expected.workingDirectory, expected.user) = ("/srv", "web")
        (expected.terminal, expected.interactive, expected.privileged) = (true, true, true)
        #expect(try asked.request(.sample) == expected)
    }

    @Test("a container and a command must be there")
    func missing() {
        #expect(
            failure { () throws(CFSError) in try options("-i") }?.message == "missing expected argument '<container>'")
        #expect(
            failure { () throws(CFSError) in try options("box") }?.message == "missing expected argument '<command>'")
    }

    @Test(
        "a terminal is wanted only where there is one", .enabled(if: !isTerminal, "standard input is a terminal here"))
    func terminal() throws {
        let error = failure { () throws(CFSError) in try options("-t", "box", "sh").streams.checkTerminal() }
        #expect(error?.code == .terminalRequired && error?.exitStatus == 125)
        #expect(error?.message == "the input device is not a terminal")
        try options("-td", "box", "sh").streams.checkTerminal()
        try options("-i", "box", "sh").streams.checkTerminal()
    }
}

private let isTerminal = Terminal.isTerminal(0)
