import Glibc
import TestSupport
import Testing

/// Alone in its engine, as it counts what is left.
@Suite("Many at work with one engine at once", .needsHost, .serialized)
struct ParallelLifeTests {
    /// The full run takes 120.
    private static let seconds = getenv("CFS_TEST_SECONDS").flatMap { Int(String(cString: $0)) } ?? 6

    /// What a verb may say that finds somebody else at the same container.
    private static let answers = [
        "there is no container", "is gone", "by somebody else", "is not running", "is running",
    ]

    /// A loop of the host until the time is over: `$n` counts, and what it prints is what went wrong.
    private static func loop(_ body: String) -> String {
        "end=$((SECONDS + \(seconds))); n=0; while [ $SECONDS -lt $end ]; do n=$((n + 1)); \(body); done; echo rounds $n"
    }

    /// Each run prints its word.
    private static func runs(_ number: Int) -> String {
        loop(
            """
            word=word-\(number)-$n
            out=$($CFS run --rm BusyBox echo $word 2>errors\(number)); status=$?
            if [ "$status $out" != "0 $word" ] || [ -s errors\(number) ]; then
                echo "run: $status '$out' instead of '$word': $(cat errors\(number))"
            fi
            """)
    }

    /// Lists, which never fails and never warns.
    private static let lists = loop(
        """
        $CFS ps -a >listed 2>list-errors || echo "ps: $?"
        if [ -s list-errors ]; then echo "ps: $(cat list-errors)"; fi
        """)

    /// Follows a log, which has every line of its container once, in order.
    private static func follows(_ number: Int) -> String {
        loop(
            """
            name=told\(number)-$n
            $CFS run -d --name $name BusyBox seq 500 >/dev/null || echo "run -d: $?"
            $CFS logs -f $name >log\(number) || echo "logs: $?"
            seq 500 | cmp - log\(number) || echo "logs -f: $(wc -l <log\(number)) lines"
            $CFS rm $name >/dev/null || { $CFS wait $name; $CFS rm $name; } >/dev/null || echo "rm: $?"
            """)
    }

    /// Stops and removes one container from three processes: each does it, or says who does.
    private static func races(_ number: Int) -> String {
        loop(
            """
            name=raced\(number)-$n
            $CFS run -d --name $name BusyBox sleep 1000 >/dev/null || echo "run -d: $?"
            $CFS stop -t 0 $name >/dev/null 2>stop\(number) & a=$!
            $CFS rm -f $name >/dev/null 2>rm\(number) & b=$!
            $CFS stop -t 0 $name >/dev/null 2>again\(number) & c=$!
            wait $a || grep -qE '\(answers.joined(separator: "|"))' stop\(number) || echo "stop: $(cat stop\(number))"
            wait $b || grep -qE '\(answers.joined(separator: "|"))' rm\(number) || echo "rm: $(cat rm\(number))"
            wait $c || grep -qE '\(answers.joined(separator: "|"))' again\(number) || echo "stop: $(cat again\(number))"
            $CFS rm -f $name >/dev/null 2>last\(number) || grep -q 'there is no container' last\(number) ||
                echo "rm -f: $(cat last\(number))"
            """)
    }

    @Test(
        "50 loops of run --rm, with ps, logs -f, stop and rm beside them (CFS_TEST_SECONDS): no wrong answer, nothing left"
    )
    func loops() throws {
        let engine = EngineFixture()
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        let environment = [
            "PATH": EngineFixture.path, "LC_ALL": "C", "CFS": engine.command([]).joined(separator: " "),
        ]
        let scripts =
            (0..<50).map(Self.runs) + [Self.lists] + (0..<2).map(Self.follows) + (0..<2).map(Self.races)
        let loops = scripts.map {
            RunningCommand(["/bin/bash", "-c", $0], environment: environment, directory: engine.folder.path)
        }
        var rounds = 0
        for loop in loops {
            let result = loop.finish(seconds: Double(Self.seconds) + 300)
            #expect(result.status == 0 && !result.timedOut)
            let wrong = result.lines.filter { !$0.hasPrefix("rounds ") }
            #expect(wrong.isEmpty && result.errors == "", "\(wrong.prefix(5)) \(result.errors.prefix(500))")
            rounds += result.lines.last.flatMap { Int($0.dropFirst("rounds ".count)) } ?? 0
        }
        #expect(rounds >= loops.count)
        print("\(rounds) rounds of \(loops.count) loops in \(Self.seconds) seconds")
        fflush(nil)
        #expect(engine.run("ps", "-aq").output == "")
        engine.expectNothingLeft()
        #expect(engine.run("system", "recover").output == "0 containers put right, 0 cgroups and 0 folders removed\n")
    }
}
