import CFSCore
import OptionsSupport
import Testing

@testable import cfs

@Suite("What a command line asks for")
struct InvocationTests {
    private func verb(
        _ arguments: String...
    ) throws(CFSError) -> (type: any Verb.Type, name: String, arguments: [String])? {
        guard case .verb(let type, let name, let rest) = try Invocation(arguments) else { return nil }
        return (type, name, rest)
    }

    @Test("the first word is the verb, and the rest its arguments")
    func plain() throws {
        let found = try #require(try verb("run", "--rm", "image"))
        #expect(found.type == RunCommand.self && found.name == "run" && found.arguments == ["--rm", "image"])
    }

    @Test("options of the engine may stand before the verb")
    func engineOptions() throws {
        #expect(try verb("--root", "/a", "--run=/b", "ps", "-a")?.arguments == ["--root", "/a", "--run=/b", "-a"])
        let nested = try #require(try verb("--root=/a", "image", "--run", "/b", "ls"))
        #expect(nested.type == ImageLsCommand.self && nested.name == "image ls")
        #expect(nested.arguments == ["--root=/a", "--run", "/b"])
    }

    @Test("options of a verb may not stand before it")
    func early() {
        let error = failure { () throws(CFSError) in try Invocation(["--rm", "run", "image"]) }
        #expect(error?.message == "unknown option --rm")
    }

    @Test(
        "an unknown verb is named, with the nearest one",
        arguments: [(["rnu"], "run"), (["image", "inport"], "import")])
    func unknown(arguments: [String], meant: String) {
        let error = failure { () throws(CFSError) in try Invocation(arguments) }
        #expect(error?.message == "unknown command \"\(arguments.last ?? "")\"")
        #expect(error?.hint?.contains(meant) == true)
    }

    @Test(
        "a verb of another engine is answered with the words of cfs, or that there are none",
        arguments: [
            (["pull"], "cfs image fetch"), (["load"], "cfs image import"), (["rmi"], "cfs image rm"),
            (["image", "pull"], "cfs image import"), (["volume", "ls"], "cfs run -v"),
            (["build"], "no such verb yet"), (["push"], "no such verb yet"),
            (["df"], "cfs system df"), (["prune"], "cfs container prune"),
            (["image", "prune"], "cfs system prune"),
        ])
    func foreign(arguments: [String], says: String) {
        let error = failure { () throws(CFSError) in try Invocation(arguments) }
        #expect(error?.message.hasPrefix("unknown command") == true)
        #expect(error?.hint?.contains(says) == true, "\(error?.hint ?? "")")
    }

    @Test(
        "what is like no verb is not answered with one that ends something",
        arguments: ["xx", "up", "cd", "go", "shell"])
    func harmless(word: String) {
        #expect(failure { () throws(CFSError) in try Invocation([word]) }?.hint == "see cfs --help")
    }

    @Test(
        "a slip of the finger still finds its verb",
        arguments: [
            ("stpo", "stop"), ("kil", "kill"), ("sotp", "stop"), ("rmm", "rm"), ("pss", "ps"), ("lgos", "logs"),
        ])
    func slips(word: String, meant: String) {
        let hint = failure { () throws(CFSError) in try Invocation([word]) }?.hint
        #expect(hint?.hasPrefix("did you mean cfs \(meant)") == true, "\(hint ?? "")")
    }

    @Test(
        "help and completions are ArgumentParser's",
        arguments: [
            [], ["--help"], ["-h"], ["help", "run"], ["help", "image", "rm"], ["image"], ["image", "--help"],
            ["--generate-completion-script", "bash"], ["---completion", "run", "--", "positional@0", "0", "0"],
        ] as [[String]])
    func help(arguments: [String]) throws {
        guard case .help = try Invocation(arguments) else {
            Issue.record("\(arguments)")
            return
        }
    }

    @Test("help for what does not exist is an error")
    func noHelp() {
        #expect(
            failure { () throws(CFSError) in try Invocation(["help", "rnu"]) }?.message == "unknown command \"rnu\"")
        #expect(failure { () throws(CFSError) in try Invocation(["help", "image", "x"]) } != nil)
    }

    @Test("the version is asked for before any verb", arguments: ["--version", "-v"])
    func version(option: String) throws {
        guard case .version = try Invocation([option]) else {
            Issue.record("no version")
            return
        }
    }
}
