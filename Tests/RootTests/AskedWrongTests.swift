import TestSupport
import Testing

@Suite("What a wrong command line is told", .needsHost, .engine)
struct AskedWrongTests: EngineSuite {
    @Test("a field that does not exist is a fault of the command line, with what there is, for a list and for inspect")
    func missingField() throws {
        try engine.withContainer { id in
            for words in [["ps", "--format", "{{.Nope}}"], ["inspect", "-f", "{{.Nope}}", id]] {
                let result = engine.run(words)
                #expect(result.status == 64, "\(words)")
                #expect(result.errors.contains("there is no field .Nope"), "\(result.errors)")
                #expect(result.errors.contains("hint: "), "\(result.errors)")
            }
        }
        #expect(engine.run("inspect", "-f", "{{.Nope}}", "BusyBox").status == 64)
    }

    @Test("starting what is not there: 1 behind, 125 in front")
    func missingContainer() {
        #expect(engine.run("start", "nosuch").status == 1)
        #expect(engine.run("restart", "nosuch").status == 1)
        #expect(engine.run("start", "-a", "nosuch").status == 125)
        #expect(engine.run("attach", "nosuch").status == 125)
    }

    @Test("inspect of what is neither a container nor an image names both lists")
    func missingName() {
        let errors = engine.run("inspect", "xyzzyxyzzy").errors
        #expect(errors.contains("`\(engine.typed) ps -a`") && errors.contains("`\(engine.typed) images`"), "\(errors)")
    }

    @Test("the commands of a hint have the options that say which engine it is, and nothing of its environment")
    func hintedEngine() {
        let (root, run) = (engine.root, engine.runFolder)
        for (given, typed) in [
            ("CFS_ROOT=\(root) CFS_RUN=\(run) \(engine.binary)", "cfs"),
            ("CFS_RUN=\(run) \(engine.binary) --root=\(root)", "cfs --root \(root)"),
            ("CFS_ROOT=\(root) \(engine.binary) --run ./run", "cfs --run ./run"),
        ] {
            let errors = engine.host("\(given) inspect xyzzyxyzzy").errors
            #expect(errors.contains("see `\(typed) ps -a` and `\(typed) images`\n"), "\(errors)")
        }
    }

    @Test("a digest that is none is told in the words of the option", arguments: ["xyz", "sha256:xyz"])
    func wrongDigest(text: String) {
        let result = engine.run("image", "fetch", "--sha256", text, "TinyCore")
        #expect(result.status == 64)
        #expect(
            result.errors.contains("--sha256 does not take \"\(text)\"") && result.errors.contains("64 hexadecimal"))
    }

    @Test("an import of an empty path does not take the caller's folder in")
    func emptyImport() {
        let result = engine.run("image", "import", "nothing", "")
        #expect(result.status != 0 && result.errors.contains("an empty path was given"), "\(result.errors)")
        #expect(!engine.run("images").output.contains("nothing"))
    }

    @Test("bytes that are no text are refused, not replaced; a replacement character that was written is kept")
    func noText() {
        let refused = engine.host("$CFS run --rm BusyBox echo $'a\\xffb'")
        #expect(refused.status == 125 && refused.errors.contains("is not UTF-8"), "\(refused.errors)")
        #expect(engine.run("run", "--rm", "BusyBox", "echo", "a\u{fffd}b").text == "a\u{fffd}b")
    }
}
