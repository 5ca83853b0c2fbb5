import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("Arguments, as users of Docker write them")
struct CanonicalArgumentsTests {
    private static let names = OptionNames(
        flags: ["interactive i", "tty t", "rm", "all a"], values: ["env e", "name", "tail n", "network net"])

    private func read(_ arguments: String..., passthrough: Bool = true) throws(CFSError) -> CanonicalArguments {
        try CanonicalArguments(arguments[...], Self.names, optionsEndAtFirstWord: passthrough, verb: "run")
    }

    @Test("letters can stand together, and the last may take a value")
    func letters() throws {
        #expect(try read("-it", "-eA=b", "image").all == ["--interactive", "--tty", "--env=A=b", "--", "image"])
        #expect(try read("-ite", "A=b", "image").all == ["--interactive", "--tty", "--env=A=b", "--", "image"])
        #expect(try read("-n5", "x").value("tail") == "5")
        #expect(try read("-n=5", "x").value("tail") == "5")
    }

    @Test("a long option takes its value after an equals sign or a space, whatever it begins with")
    func long() throws {
        #expect(try read("--name=a", "x").value("name") == "a")
        #expect(try read("--name", "-a", "x").value("name") == "-a")
        #expect(try read("--name", "--", "x").value("name") == "--")
        #expect(try read("--net=host", "x").value("network") == "host")
    }

    @Test("an empty value stays one")
    func empty() throws {
        let arguments = try read("--name", "", "image")
        #expect(arguments.value("name")?.isEmpty == true)
        #expect(arguments.all == ["--name", "", "--", "image"])
        #expect(try read("--name=", "image").words == ["image"])
    }

    @Test("a flag can be switched off")
    func flags() throws {
        #expect(try read("--rm=true", "x").has("rm"))
        #expect(try !read("--rm", "--rm=false", "x").has("rm"))
        #expect(try !read("-t=false", "x").has("tty"))
        let error = failure { () throws(CFSError) in try read("--rm=maybe", "x") }
        #expect(error?.message == "--rm is on or off: it does not take \"maybe\"")
    }

    @Test("what stands behind the image belongs to the command, whatever it looks like")
    func passthrough() throws {
        let rest = ["-it", "--name", "--", "---", "-=", "--help", ""]
        let arguments = try CanonicalArguments(
            (["--rm", "image"] + rest)[...], Self.names, optionsEndAtFirstWord: true, verb: "run")
        #expect(arguments.words == ["image"] + rest)
        #expect(!arguments.asksForHelp && !arguments.has("tty"))
    }

    @Test("elsewhere options may stand behind words")
    func mixed() throws {
        let arguments = try read("web", "-a", "db", "--", "-a", passthrough: false)
        #expect(arguments.words == ["web", "db", "-a"])
        #expect(arguments.has("all"))
    }

    @Test(
        "help is help, also among other options",
        arguments: [["--help"], ["-it", "--help"], ["-h"], ["-ith"]] as [[String]])
    func help(arguments: [String]) throws {
        let read = try CanonicalArguments(arguments[...], Self.names, optionsEndAtFirstWord: true, verb: "run")
        #expect(read.asksForHelp)
    }

    @Test("a letter of the verb's own goes before help")
    func hostname() throws {
        let names = OptionNames(values: ["hostname h"])
        let read = try CanonicalArguments(["-h", "box", "image"], names, optionsEndAtFirstWord: true, verb: "run")
        #expect(read.value("hostname") == "box")
        #expect(!read.asksForHelp)
    }

    @Test("an unknown option is named, with the nearest one")
    func unknown() {
        let long = failure { () throws(CFSError) in try read("--nmae", "x") }
        #expect(long?.message == "unknown option --nmae")
        #expect(long?.hint == "did you mean --name?")
        let letter = failure { () throws(CFSError) in try read("-q", "x") }
        #expect(letter?.message == "unknown option -q")
        #expect(letter?.hint == "see cfs run --help")
        let slip = failure { () throws(CFSError) in try read("-rm", "image") }
        #expect(slip?.message == "unknown option -r")
        #expect(slip?.hint == "did you mean --rm?")
    }

    @Test("the daemon's port is part of its address")
    func port() {
        let error = failure { () throws(CFSError) in
            try CanonicalArguments(
                ["--port", "1"], DaemonOption.optionNames, optionsEndAtFirstWord: false, verb: "server")
        }
        #expect(error?.message == "unknown option --port")
        #expect(error?.hint == "write --listen 8080, or --listen 127.0.0.1:8080")
    }

    @Test("a letter is not a long name, nor the other way round")
    func letterAsLong() {
        #expect(failure { () throws(CFSError) in try read("--e", "x") }?.message == "unknown option --e")
    }

    @Test("a value that is missing is an error", arguments: [["--name"], ["-e"], ["-ite"]])
    func missing(arguments: [String]) {
        let error = failure { () throws(CFSError) in
            try CanonicalArguments(arguments[...], Self.names, optionsEndAtFirstWord: true, verb: "run")
        }
        #expect(error?.message.hasSuffix("needs a value") == true)
    }
}
