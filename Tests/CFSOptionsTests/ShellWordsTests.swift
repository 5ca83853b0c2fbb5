import CFSCore
import Testing

@testable import CFSOptions

@Suite("A command as one text")
struct ShellWordsTests {
    @Test(
        "is split as a shell splits words",
        arguments: [
            ("pwd", ["pwd"]), ("", []), ("  ls   -l\t/\n", ["ls", "-l", "/"]),
            ("sh -c 'echo  a'", ["sh", "-c", "echo  a"]),
            (#"a "b c" d"#, ["a", "b c", "d"]), (#"a\ b"#, ["a b"]), (#""a\"b\c\$""#, [#"a"b\c$"#]), ("''", [""]),
            (#"x'y'"z""#, ["xyz"]), ("a\\\nb", ["ab"]), ("$HOME *", ["$HOME", "*"]), ("'ü'ß", ["üß"]),
        ] as [(String, [String])])
    func split(text: String, words: [String]) throws { #expect(try ShellWords.split(text) == words) }

    @Test("one that does not end is an error", arguments: ["'", "a 'b", "\"", #""a\"#, "a\\"])
    func open(text: String) { #expect(throws: CFSError.self) { try ShellWords.split(text) } }

    @Test(
        "is written so that splitting it gives the same words",
        arguments: [["ls", "-l"], ["a b", ""], ["it's", "\"", "\\", "$x", "\n", "ü"], []] as [[String]])
    func join(words: [String]) throws { #expect(try ShellWords.split(ShellWords.join(words)) == words) }
}
