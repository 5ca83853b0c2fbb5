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
    func absolute(path: String, expected: String) {
        #expect(Caller.sample.absolute(path) == expected)
    }

    @Test("a variable that is set and empty is not one that is not set")
    func variables() {
        #expect(Caller.sample.variable("EMPTY")?.isEmpty == true)
        #expect(Caller.sample.variable("NOTHING") == nil)
        #expect(Caller.current.directory.hasPrefix("/"))
    }
}
