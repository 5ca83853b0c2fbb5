import Testing

@testable import CFSLinux

@Suite("Paths, taken apart as the kernel does it")
struct PathNamesTests {
    @Test("slashes separate names, however many there are")
    func names() {
        #expect("/a//b/./c/".pathNames == ["a", "b", ".", "c"])
        #expect("".pathNames == [] && "///".pathNames == [])
        #expect("a/b".relativePath == "a/b" && "//a/".relativePath == "a/")
    }

    @Test(
        "a slash that makes one letter with what follows it is a slash", arguments: ["\u{301}", "\u{200d}", "\u{fe0f}"])
    func combined(mark: String) {
        let path = "/\(mark)a/\(mark)..//\(mark)/"
        #expect(path.pathNames.map { Array($0.utf8) } == ["\(mark)a", "\(mark)..", mark].map { Array($0.utf8) })
        #expect("/\(mark)".isAbsolutePath && "/\(mark)".hasSlash && "\(mark)/".endsWithSlash)
        #expect("/../\(mark)a".pathNames.first == "..")
        #expect(Array("/\(mark)a".relativePath.utf8) == Array("\(mark)a".utf8))
        let text = "a/b/\(mark)c"
        #expect(text.lastSlash.map { Array(text[..<$0].utf8) } == Array("a/b".utf8))
    }
}
