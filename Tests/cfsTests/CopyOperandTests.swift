import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions
@testable import cfs

@Suite("The sides of cfs cp")
struct CopyOperandTests {
    @Test(
        "containers, paths and streams",
        arguments: [
            ("web:/srv", .inside(container: "web", path: "/srv")),
            ("web:srv/.", .inside(container: "web", path: "srv/.")),
            ("web:/a:b", .inside(container: "web", path: "/a:b")), ("-", .stream), ("/a:b", .host("/a:b")),
            ("./a:b", .host("./a:b")), ("../x", .host("../x")), ("file", .host("file")), ("-x", .host("-x")),
        ] as [(String, CopyOperand)])
    func operands(text: String, expected: CopyOperand) throws {
        #expect(try CopyOperand(text) == expected)
    }

    @Test(
        "what is missing is named",
        arguments: [("", "an empty path"), ("web:", "lacks a path"), (":/x", "lacks a container")])
    func wrong(text: String, says: String) {
        #expect(failure { () throws(CFSError) in try CopyOperand(text) }?.message.contains(says) == true)
    }
}

@Suite("Options of cfs commit")
struct CommitCommandTests {
    private func request(_ arguments: String...) throws(CFSError) -> CommitRequest {
        let canonical = try CanonicalArguments(
            arguments[...], CommitCommand.optionNames, optionsEndAtFirstWord: false, verb: "commit")
        return try CommitCommand.parse(canonical, name: "commit").request()
    }

    @Test("every option reaches the request")
    func options() throws {
        let request = try request("-a", "me", "--message=text", "-c", "USER 1", "--change", "CMD x", "web", "site:1")
        #expect(request.author == "me" && request.message == "text" && request.name == "site:1" && request.pauses)
        #expect(request.changes == [.user("1"), .command(["/bin/sh", "-c", "x"])])
        #expect(try self.request("web").name == nil)
    }

    @Test("a container that runs is paused unless that is switched off")
    func pause() throws {
        for arguments in [["-p"], ["--pause"], ["--pause=true"], []] {
            #expect(try parse(arguments).pauses, "\(arguments)")
        }
        for arguments in [["--no-pause"], ["--pause=false"], ["-p=false"], ["-p", "--pause=0"]] {
            #expect(try !parse(arguments).pauses, "\(arguments)")
        }
        #expect(failure { () throws(CFSError) in try request("-p", "--no-pause", "web") } != nil)
    }

    private func parse(_ options: [String]) throws(CFSError) -> CommitRequest {
        let canonical = try CanonicalArguments(
            (options + ["web"])[...], CommitCommand.optionNames, optionsEndAtFirstWord: false, verb: "commit")
        return try CommitCommand.parse(canonical, name: "commit").request()
    }
}
