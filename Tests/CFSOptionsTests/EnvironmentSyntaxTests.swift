import CFSCore
import OptionsSupport
import TestSupport
import Testing

@testable import CFSOptions

@Suite("Variables and labels")
struct EnvironmentSyntaxTests {
    private func variables(files: [String] = [], _ options: String...) throws(CFSError) -> [String] {
        try EnvironmentSyntax.variables(files: files, options: options, .sample)
    }

    @Test("a name alone takes the caller's value, and is left away when the caller has none")
    func inherited() throws {
        #expect(try variables("A=b", "HOME", "EMPTY", "NOTHING") == ["A=b", "HOME=/root", "EMPTY="])
        #expect(try variables("HOME=") == ["HOME="])
    }

    @Test("the last value of a name stays")
    func last() throws {
        #expect(try variables("A=1", "B=2", "A=3=4") == ["B=2", "A=3=4"])
    }

    @Test("a file has one on each line, and options go over it")
    func file() throws {
        let folder = TemporaryDirectory()
        let path = folder.write("# comment\n\n  A=from file\nQUOTED=\"x\"\r\nHOME\nNOTHING\nB=1 # 2", to: "env")
        #expect(
            try variables(files: [path], "B=option") == ["A=from file", "QUOTED=\"x\"", "HOME=/root", "B=option"])
    }

    @Test("a label's key of a file has no white space, as the name of a variable has none")
    func wrongLabel() throws {
        let folder = TemporaryDirectory()
        let path = folder.write("good=yes, with spaces\nbad key=1\n", to: "labels")
        let error = failure { () throws(CFSError) in
            try LabelSyntax.labels(files: [path], options: [], .sample)
        }
        #expect(error?.message == "\(path):2: the label's key \"bad key\" contains white space")
        #expect(error?.hint == "write key=value")
        let good = folder.write("good=yes, with spaces\n", to: "good")
        #expect(
            try LabelSyntax.labels(files: [good], options: ["on purpose=1"], .sample)
                == ["good": "yes, with spaces", "on purpose": "1"])
    }

    @Test("a wrong line is named with its place")
    func wrongLine() {
        let folder = TemporaryDirectory()
        let path = folder.write("A=1\nB C=2\n", to: "env")
        let error = failure { () throws(CFSError) in try variables(files: [path]) }
        #expect(error?.message == "\(path):2: the variable's name \"B C\" contains white space")
        #expect(failure { () throws(CFSError) in try variables("=b") }?.message == "the variable \"=b\" has no name")
    }

    @Test("a file that is not there, and one that is not text")
    func noFile() {
        let folder = TemporaryDirectory()
        let missing = failure { () throws(CFSError) in try variables(files: [folder("none")]) }
        #expect(missing?.code == .invalidArgument && missing?.errno == 2)
        #expect(missing?.message == "--env-file: cannot read \(folder("none"))")
        let tree = failure { () throws(CFSError) in try variables(files: [folder.path]) }
        #expect(tree?.errno == 21)
    }

    @Test("labels have a key and a value, from files and options")
    func labels() throws {
        let folder = TemporaryDirectory()
        folder.write("a=1\n#b=2\nc=x=y\n", to: "labels")
        let caller = Caller(variable: { _ in nil }, directory: folder.path)
        let labels = try LabelSyntax.labels(files: ["labels"], options: ["a=2", "d", "e="], caller)
        #expect(labels == ["a": "2", "c": "x=y", "d": "", "e": ""])
    }
}
