import TestSupport
import Testing

@Suite("The log of a container", .needsHost, .engine)
struct LogTests: EngineSuite {
    /// Runs a script in a container to its end, then hands over its id.
    private func withLog(_ script: String, _ body: (String) throws -> Void) throws {
        let file = engine.folder("cid-\(script.utf8.count)-\(script.hashValue)")
        engine.run("run", "--cidfile", file, "BusyBox", "sh", "-c", script)
        let id = try #require(textOfFile(file))
        defer { engine.run("rm", "-f", id) }
        try body(id)
    }

    @Test("keeps standard output and standard error apart, in order")
    func streams() throws {
        try withLog("echo one; echo two >&2; echo three") { id in
            let result = engine.run("logs", id)
            #expect(result.output == "one\nthree\n")
            #expect(result.errors == "two\n")
            #expect(engine.host("$CFS logs \(id) 2>&1").lines.sorted() == ["one", "three", "two"])
        }
    }

    @Test(
        "--tail shows the last lines",
        arguments: [("0", ""), ("2", "4\n5\n"), ("99", "1\n2\n3\n4\n5\n"), ("all", "1\n2\n3\n4\n5\n")])
    func tail(number: String, expected: String) throws {
        try withLog("seq 5; : \(number)") { id in
            #expect(engine.run("logs", "--tail", number, id).output == expected)
        }
    }

    @Test("a line of a MiB comes back as one line")
    func longLine() throws {
        try withLog("head -c 1048576 /dev/zero | tr '\\0' x; echo; echo next") { id in
            let result = engine.run("logs", id)
            #expect(result.lines.map(\.utf8.count) == [1 << 20, 4])
            let last = engine.run("logs", "--tail", "2", id)
            #expect(last.lines.map(\.utf8.count) == [1 << 20, 4])
        }
    }

    @Test("bytes that are no text, and an end without a line feed, come back as they were")
    func binary() throws {
        try withLog("printf '\\377\\000\\001\\n\\012\\200'") { id in
            #expect(engine.run("logs", id).bytes == [0xff, 0x00, 0x01, 0x0a, 0x0a, 0x80])
        }
    }

    @Test("-t gives each line its time, and --since and --until cut by it")
    func times() throws {
        let script = "trap 'echo second; exit' USR1; echo first; while :; do sleep 0.05; done"
        try engine.withContainer(["--name", "timed"], ["sh", "-c", script]) { id in
            let hasFirst = eventually { engine.run("logs", id).output == "first\n" }
            #expect(hasFirst)
            #expect(engine.run("kill", "-s", "USR1", id).status == 0)
            let hasSecond = eventually { engine.run("logs", id).output == "first\nsecond\n" }
            #expect(hasSecond)
            let lines = engine.run("logs", "-t", id).lines.map { $0.split(separator: " ").map(String.init) }
            #expect(lines.map(\.last) == ["first", "second"])
            let second = try #require(lines.last?.first)
            #expect(second.hasSuffix("Z") && second.contains("T"))
            #expect(engine.run("logs", "--since", second, id).output == "second\n")
            #expect(engine.run("logs", "--until", second, id).output == "first\n")
            #expect(engine.run("logs", "--since", "1h", id).output == "first\nsecond\n")
            // Nothing can come that was written before: neither of them waits for the container's end.
            #expect(engine.run("logs", "-f", "--until", "0s", id).output == "first\nsecond\n")
            let later = engine.host("date -u -d '1 second' +%Y-%m-%dT%H:%M:%S.%NZ").text
            #expect(engine.run("logs", "-f", "--until", later, id).output == "first\nsecond\n")
        }
    }

    @Test("-f shows what comes, and ends with the container")
    func follow() throws {
        let script = "trap 'echo last; exit' USR1; echo first; while :; do sleep 0.05; done"
        try engine.withContainer([], ["sh", "-c", script]) { id in
            let follower = engine.start(["logs", "-f", id])
            #expect(follower.waitForOutput("first"))
            #expect(engine.run("kill", "-s", "USR1", id).status == 0)
            let result = follower.finish()
            #expect(result.output == "first\nlast\n")
            #expect(result.status == 0)
        }
    }

    /// 150 MB of lines, each with its number in front: the log begins a new file twice.
    private static let flood = #"BEGIN { for (i = 1; i <= 150000; i++) printf "%08d %0990d\n", i, 0 }"#

    @Test("a log does not grow without end, and who follows it gets every line once all the same")
    func rotation() throws {
        let script = #"trap 'awk "$FLOOD"; exit' USR1; echo 0; while :; do sleep 0.05; done"#
        try engine.withContainer(["-e", "FLOOD=\(Self.flood)"], ["sh", "-c", script]) { id in
            let check = #"$1 + 0 != NR { exit 1 } END { print NR }"#
            let follow = "$CFS logs -f \(id) | { read first; echo begun with $first; awk '\(check)'; }"
            let environment = ["PATH": EngineFixture.path, "CFS": engine.command([]).joined(separator: " ")]
            let follower = RunningCommand(["/bin/bash", "-c", follow], environment: environment)
            #expect(follower.waitForOutput("begun"))
            #expect(engine.run("kill", "-s", "USR1", id).status == 0)
            #expect(follower.finish(seconds: 300).lines == ["begun with 0", "150000"])
            let folder = "\(engine.root)/containers/\(id)"
            let sizes = engine.host("stat -c %s \(folder)/log \(folder)/log.1").lines.compactMap { Int($0) }
            #expect(sizes.count == 2 && sizes.allSatisfy { $0 > 0 && $0 <= 64 << 20 }, "\(sizes)")
            #expect(engine.run("logs", "--tail", "1", id).output.prefix(9) == "00150000 ")
            // Where the old file begins, the first line may be a part of one.
            let whole = #"NR > 2 && $1 + 0 != last + 1 { exit 1 } { last = $1 + 0 } END { print last, (NR > 64000) }"#
            #expect(engine.host("$CFS logs \(id) | awk '\(whole)'", seconds: 300).output == "150000 1\n")
        }
    }

    @Test(
        "a container that writes faster than anybody reads: without -f that ends with what is there, and -f begins behind its tail"
    )
    func flood() throws {
        let flags = ["--name", "flood", "--log-opt", "max-size=64k", "--log-opt", "max-file=3"]
        try engine.withContainer(flags, ["yes", "abcdefg"]) { id in
            #expect(eventually { engine.run("logs", id).lines.count > 1000 })
            for _ in 0..<5 {
                #expect(engine.run("logs", "--tail", "3", id).output == "abcdefg\nabcdefg\nabcdefg\n")
                let all = engine.run("logs", id)
                #expect(all.status == 0 && all.errors.isEmpty, "\(all.errors)")
                #expect(all.lines.count > 1000 && all.lines.allSatisfy { $0 == "abcdefg" })
                #expect(engine.host("$CFS logs -f --tail 3 \(id) 2>/dev/null | head -n 5").lines.count == 5)
            }
        }
    }

    @Test("-f that waits for what such a container does not write ends with its time all the same")
    func floodOfOthers() throws {
        try engine.withContainer(["--log-opt", "max-size=64k"], ["yes", "abcdefg"]) { id in
            #expect(eventually { engine.run("logs", id).lines.count > 1000 })
            let soon = "$(date -u -d '+2 sec' +%Y-%m-%dT%H:%M:%SZ)"
            for options in ["--tail 0", "--since 1h", ""] {
                let followed = engine.host(
                    "timeout 60 $CFS logs -f \(options) --until \(soon) \(id) 2>/dev/null | tail -n 1")
                #expect(followed.output == "abcdefg\n", "\(options)")
                let status = engine.host("timeout 60 $CFS logs -f \(options) --until \(soon) \(id) >/dev/null 2>&1")
                #expect(status.status == 0, "\(options)")
            }
        }
    }

    @Test("-f of a container that has ended ends at once")
    func followEnded() throws {
        try withLog("echo ended; : follow") { id in
            let result = engine.run("logs", "-f", id)
            #expect(result.output == "ended\n" && !result.timedOut)
        }
    }

    @Test("a log that is damaged says so once, and shows all that is whole")
    func damaged() throws {
        try withLog("echo one; echo two; echo three; : damaged") { id in
            let path = "\(engine.root)/containers/\(id)/log"
            #expect(engine.host("sed -i '2s/.*/half/; 3i more' \(path)").status == 0)
            let result = engine.run("logs", id)
            #expect(result.status == 0 && result.output == "one\nthree\n", "\(result.output)")
            let warning = "cfs: warning: \(path) is damaged: what is no line of it is passed over\n"
            #expect(result.errors == warning)
            #expect(engine.host("sed -i '2,$d' \(path) && truncate -s -1 \(path)").status == 0)
            for options in [[], ["-f"], ["--tail", "1"]] {
                let cut = engine.run(["logs"] + options + [id])
                #expect(cut.status == 0 && cut.output == "" && cut.errors == warning, "\(cut.output) \(cut.errors)")
            }
        }
    }

    @Test("a container that wrote nothing has an empty log; one that does not exist has none")
    func empty() throws {
        try engine.withContainer { id in
            let result = engine.run("logs", id)
            #expect(result.status == 0 && result.output == "" && result.errors == "")
        }
        #expect(engine.run("logs", "no-such-container").status == 1)
    }

    @Test("what a terminal showed is in the log too")
    func terminal() throws {
        let terminal = Terminal()
        let command = engine.start(["run", "-t", "--name", "on-tty", "BusyBox", "echo", "shown"], terminal: terminal)
        #expect(terminal.waitFor("shown"))
        #expect(command.finish().status == 0)
        defer { engine.run("rm", "on-tty") }
        #expect(engine.run("logs", "on-tty").output == "shown\r\n")
    }
}
