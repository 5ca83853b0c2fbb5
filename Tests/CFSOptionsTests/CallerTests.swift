import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("The caller")
struct CallerTests {
    @Test(
        "a relative path is seen from the working directory",
        arguments: [
            ("/a/../b", "/a/../b"), ("a", "/srv/app/a"), ("./a", "/srv/app/a"), (".", "/srv/app"), ("..", "/srv"),
            ("../x/./y", "/srv/x/./y"), ("a/../b", "/srv/app/a/../b"), ("../../../../x", "/x"), ("./", "/srv/app"),
        ])
    func absolute(path: String, expected: String) throws {
        #expect(try Caller.sample.absolute(path) == expected)
    }

    @Test("a relative path is an error where the working directory is gone, and leads to no other folder")
    func gone() throws {
        let caller = Caller(variable: { _ in nil }, directory: nil)
        let error = failure { () throws(CFSError) in try caller.absolute("./etc") }
        #expect(error?.message == "the path ./etc begins at the working directory, which is gone")
        #expect(error?.hint == "go to another folder, or write the path from / on")
        #expect(try caller.absolute("/etc") == "/etc")
    }

    @Test("a path of the host that is too long is told with its option, and shortened")
    func tooLong() throws {
        #expect(try Caller.sample.absolute("./a", of: "--volume") == "/srv/app/a")
        let path = "/" + String(repeating: "a", count: 300)
        let error = failure { () throws(CFSError) in try Caller.sample.absolute(path, of: "--volume") }
        let shown = "/" + String(repeating: "a", count: 58) + "…"
        #expect(error?.message == "--volume: \(shown) has a name of 300 bytes, which is too long")
    }

    @Test("a variable that is set and empty is not one that is not set")
    func variables() {
        #expect(Caller.sample.variable("EMPTY")?.isEmpty == true)
        #expect(Caller.sample.variable("NOTHING") == nil)
        #expect(Caller.current.directory?.hasPrefix("/") == true)
    }
}
