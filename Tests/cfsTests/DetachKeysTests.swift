import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions
@testable import cfs

@Suite("The keys that detach")
struct DetachKeysTests {
    @Test(
        "are written as Docker has them",
        arguments: [
            ("ctrl-p,ctrl-q", [16, 17]), ("a", [0x61]), ("ctrl-a", [1]), ("ctrl-z", [26]), ("ctrl-@", [0]),
            ("ctrl-[", [27]), ("ctrl-\\", [28]), ("ctrl-]", [29]), ("ctrl-^", [30]), ("ctrl-_", [31]),
            ("q,ctrl-x,Q", [0x71, 24, 0x51]), ("", []),
        ] as [(String, [UInt8])])
    func syntax(text: String, keys: [UInt8]) throws { #expect(try DetachKeysSyntax.keys(text) == keys) }

    @Test("are Ctrl-P Ctrl-Q when nothing is said")
    func usual() throws { #expect(try DetachKeysSyntax.keys(nil) == [16, 17]) }

    @Test(
        "that do not exist are named",
        arguments: [
            ("ctrl-1", "ctrl-1"), ("ctrl-", "ctrl-"), ("ctrl-P", "ctrl-P"), ("ab", "ab"), ("a,,b", ""),
            ("ctrl-p,é", "é"),
            (",", ""), ("ctrl-ab", "ctrl-ab"), ("ctrl-?", "ctrl-?"),
        ])
    func unknown(text: String, named: String) {
        let error = failure { () throws(CFSError) in try DetachKeysSyntax.keys(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message == "--detach-keys does not know the key \"\(named)\"")
        #expect(error?.hint?.contains("ctrl-p,ctrl-q") == true)
    }

    @Test("in run and exec, too, are looked at before anything starts", arguments: ["run", "exec"])
    func verbs(verb: String) throws {
        let names = verb == "run" ? ContainerOptions.optionNames : ExecOptions.optionNames
        let canonical = try CanonicalArguments(
            ["--detach-keys", "ctrl-x", "-it", "a", "b"], names, optionsEndAtFirstWord: true, verb: verb)
        #expect(try StreamOptions(canonical).detachKeys() == [24])
    }
}

@Suite("Looking for the keys that detach")
struct DetachFilterTests {
    /// What goes on, in the pieces in which it was typed; the last piece is what is held back at the end.
    private func passed(_ pieces: [[UInt8]], keys: [UInt8] = [16, 17]) -> [[UInt8]] {
        var filter = DetachFilter(keys)
        var passed: [[UInt8]] = []
        for piece in pieces {
            let (bytes, detaches) = filter.take(piece)
            #expect(!detaches)
            passed.append(bytes)
        }
        return passed + [filter.finish()]
    }

    @Test("what is typed goes on at once")
    func plain() { #expect(passed([[1, 2], [], [3]]) == [[1, 2], [], [3], []]) }

    @Test("the keys detach, also in the middle of other bytes, and what was typed before them goes on")
    func detaches() {
        var filter = DetachFilter([16, 17])
        let (bytes, detaches) = filter.take([1, 16, 17, 2])
        #expect(bytes == [1] && detaches)
        #expect(filter.finish() == [])
    }

    @Test("they may come in several reads")
    func split() {
        var filter = DetachFilter([16, 17, 18])
        for byte in [16, 17] as [UInt8] {
            let (bytes, detaches) = filter.take([byte])
            #expect(bytes.isEmpty && !detaches)
        }
        #expect(filter.take([18]).detaches)
    }

    @Test("a sequence that was begun and is something else goes on unharmed")
    func broken() {
        #expect(passed([[16], [1]]) == [[], [16, 1], []])
        #expect(passed([[16, 1, 16, 2]]) == [[16, 1, 16, 2], []])
        // One that was begun twice.
        #expect(passed([[16, 16], [1]]) == [[16], [16, 1], []])
    }

    @Test("at the end of what is typed nothing is kept")
    func end() { #expect(passed([[5, 16]]) == [[5], [16]]) }

    @Test("a sequence whose beginning comes twice in it is found wherever it begins")
    func overlaps() {
        var filter = DetachFilter([1, 1, 2])
        var (bytes, detaches) = filter.take([1, 1, 1])
        #expect(bytes == [1] && !detaches)
        (bytes, detaches) = filter.take([2])
        #expect(bytes == [] && detaches)
    }

    @Test("without keys nothing detaches")
    func none() { #expect(passed([[16, 17], [16, 17]], keys: []) == [[16, 17], [16, 17], []]) }

    @Test("one key is enough")
    func one() {
        var filter = DetachFilter([24])
        #expect(filter.take([23, 24]).detaches)
    }
}
