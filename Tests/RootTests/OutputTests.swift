import Glibc
import TestSupport
import Testing

@Suite("Output that its reader does not take", .needsHost, .engine)
struct OutputTests: EngineSuite {
    private static let noSpace = "standard output could not be written: No space left on device"

    @Test("`run … | head` ends as a pipeline of a shell does", arguments: [("--init", "141"), ("--init=false", "1")])
    func pipeline(option: String, status: String) {
        // The kernel spares a container's first process signals that it has no handler for: it sees the failed write only.
        let result = engine.host("$CFS run --rm \(option) BusyBox yes | head -n 1; echo ${PIPESTATUS[0]}")
        #expect(result.output == "y\n\(status)\n" && !result.timedOut, "\(result.errors)")
    }

    @Test("what the command does after the signal is its own affair")
    func ownStatus() {
        let result = engine.host(
            "$CFS run --rm BusyBox sh -c 'yes; echo yes: $? >&2; exit 5' | head -n 1; echo ${PIPESTATUS[0]}")
        #expect(result.output == "y\n5\n")
        #expect(result.errors == "yes: 141\n")
    }

    @Test(
        "a closed standard input is one that has ended, and a closed output takes nothing",
        arguments: ["run --rm -i", "run --rm -i --init"])
    func closed(verb: String) {
        let input = engine.host("$CFS \(verb) BusyBox cat <&-; echo $?", seconds: 30)
        #expect(input.output == "0\n" && input.errors == "" && !input.timedOut)
        let output = engine.host("$CFS \(verb) BusyBox echo lost >&- </dev/null; echo $? >&2", seconds: 30)
        #expect(output.errors == "cfs: standard output could not be written: Bad file descriptor\n125\n")
        let all = engine.host("$CFS \(verb) BusyBox true <&- >&- 2>&-; echo $?", seconds: 30)
        #expect(all.output == "0\n" && !all.timedOut)
    }

    @Test("standard error has a reader of its own")
    func standardError() {
        let result = engine.host(
            "$CFS run --rm BusyBox sh -c 'yes >&2; echo after; exit 6' 2>&1 >out | head -n 1; "
                + "echo ${PIPESTATUS[0]}; cat out")
        #expect(result.output == "y\n6\nafter\n")
    }

    @Test("a reader that is gone before the command writes is one, too")
    func goneBefore() {
        let result = engine.host("$CFS run --rm --init BusyBox yes > >(exec true); echo $?")
        #expect(result.output == "141\n" && !result.timedOut, "\(result.errors)")
    }

    @Test("`exec … | head` ends likewise, and the container does not notice")
    func exec() throws {
        try engine.withContainer { id in
            let result = engine.host("$CFS exec \(id) yes | head -n 1; echo ${PIPESTATUS[0]}")
            #expect(result.output == "y\n141\n" && !result.timedOut, "\(result.errors)")
            #expect(engine.run("exec", id, "echo", "alive").output == "alive\n")
        }
    }

    @Test("a detached command has its log for a reader, and goes on")
    func detached() throws {
        let script = "i=0; while :; do echo line-$i; i=$((i+1)); sleep 0.02; done"
        let result = engine.host("$CFS run -d --name behind BusyBox sh -c '\(script)' | head -n 1")
        defer { engine.run("rm", "-f", "behind") }
        #expect(result.status == 0)
        #expect(eventually { engine.run("logs", "behind").output.contains("line-20\n") })
    }

    @Test("output that cannot be written is a failure, and says so; the command's own counts more", arguments: [0, 3])
    func full(status: Int) {
        let result = engine.host("$CFS run --name full-\(status) BusyBox sh -c 'echo hi; exit \(status)' >/dev/full")
        defer { engine.run("rm", "full-\(status)") }
        #expect(result.status == (status == 0 ? 125 : 3))
        #expect(result.errors == "cfs: \(Self.noSpace)\n")
        #expect(engine.run("logs", "full-\(status)").output == "hi\n")
        #expect(engine.exitCode("full-\(status)") == status)
    }

    @Test("output of exec that cannot be written is a failure as well")
    func fullExec() throws {
        try engine.withContainer { id in
            let result = engine.host("$CFS exec \(id) echo hi >/dev/full")
            #expect(result.status == 125)
            #expect(result.errors == "cfs: \(Self.noSpace)\n")
            #expect(engine.host("$CFS exec \(id) sh -c 'echo hi; exit 4' >/dev/full").status == 4)
            #expect(engine.host("$CFS exec \(id) sh -c 'echo hi >&2' 2>/dev/full").status == 125)
        }
    }

    @Test("a file that may not grow further is no end of the container")
    func fileLimit() throws {
        let result = engine.host(
            "$CFS run --rm BusyBox true; "
                + "(ulimit -f 1000; $CFS run --name limited BusyBox sh -c 'yes | head -c 3000000; exit 4' >limited-out)"
        )
        defer { engine.run("rm", "limited") }
        #expect(result.status == 4)
        #expect(result.errors.contains("standard output could not be written: File too large"), "\(result.errors)")
        #expect(engine.exitCode("limited") == 4)
        #expect(try engine.inspect("limited")["State"]["Warnings"].texts == ["its log is incomplete: File too large"])
    }
}
