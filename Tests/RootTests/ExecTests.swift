import Glibc
import TestSupport
import Testing

@Suite("One more command in a running container", .needsHost, .engine)
struct ExecTests: EngineSuite {
    @Test("it runs inside, with the container's environment, folder and user, or with others")
    func surroundings() throws {
        try engine.withContainer(["-e", "A=1", "-w", "/tmp", "-u", "7"], image: "TinyCore") { id in
            let script = "echo $A$B $(pwd) $(id -u):$(id -g)"
            #expect(engine.run("exec", id, "sh", "-c", script).output == "1 /tmp 7:7\n")
            let other = engine.run("exec", "-e", "B=2", "-w", "/etc", "-u", "tc", id, "sh", "-c", script)
            #expect(other.output == "12 /etc 1001:50\n", "\(other.errors)")
        }
    }

    @Test("it is in all namespaces of the container")
    func namespaces() throws {
        try engine.withContainer { id in
            for kind in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"] {
                let path = "/proc/self/ns/\(kind)"
                let inside = engine.run("exec", id, "sh", "-c", "readlink \(path); readlink /proc/1/ns/\(kind)").lines
                #expect(inside.count == 2 && inside.first == inside.last && inside.first != link(path), "\(kind)")
            }
        }
    }

    @Test("it is in the container's cgroup")
    func cgroup() throws {
        guard let folder = engine.cgroup else { return }
        try engine.withContainer { id in
            let command = engine.start(["exec", id, "sh", "-c", "echo up; exec sleep 1000"])
            #expect(command.waitForOutput("up"))
            #expect(textOfFile("\(folder)/\(id)/cgroup.procs")?.split(separator: "\n").count == 2)
        }
    }

    @Test("its exit status is that of cfs")
    func status() throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "sh", "-c", "exit 9").status == 9)
            #expect(engine.run("exec", id, "sh", "-c", "kill -9 $$").status == 137)
            #expect(engine.run("exec", id, "no-such-command").status == 127)
            #expect(engine.run("exec", id, "/etc").status == 126)
            let unknown = engine.run("exec", "no-such-container", "true")
            #expect(unknown.status == 125)
            #expect(unknown.errors.contains("there is no container"))
        }
    }

    @Test("its streams stay apart, and -i passes the input on")
    func streams() throws {
        try engine.withContainer { id in
            let result = engine.run(["exec", "-i", id, "sh", "-c", "cat; echo err >&2"], input: "in\n")
            #expect(result.output == "in\n" && result.errors == "err\n" && result.status == 0)
            #expect(engine.run(["exec", id, "cat"], input: "in\n").output == "")
        }
    }

    @Test("-d leaves it running")
    func detached() throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", "-d", id, "sleep", "4242").status == 0)
            #expect(
                engine.run("exec", id, "sh", "-c", "cat /proc/*/cmdline | tr '\\0' ' '").output.contains("sleep 4242"))
        }
    }

    @Test("a signal to cfs reaches it, and the container runs on")
    func signal() throws {
        try engine.withContainer { id in
            let script = "trap 'exit 8' TERM; echo up; while :; do sleep 0.05; done"
            let command = engine.start(["exec", id, "sh", "-c", script])
            #expect(command.waitForOutput("up"))
            command.signal(SIGTERM)
            #expect(command.finish().status == 8)
            #expect(engine.run("ps", "-q", "--no-trunc").output.contains(id))
        }
    }

    /// Runs what follows with lower limits, and without the right to raise them.
    private static let withoutRaising =
        "setpriv --bounding-set -sys_resource --inh-caps -sys_resource bash -c 'ulimit -Sn 100; ulimit -Hn 150; ulimit -Sl 4; ulimit -Hl 8; exec \"$@\"' -"

    @Test("a limit of the container that cfs may not give any more is lowered, and that is said once")
    func limits() throws {
        try engine.withContainer(["--ulimit", "nofile=200:300", "--ulimit", "memlock=8192:16384"]) { id in
            let script = "ulimit -Sn; ulimit -Hn; ulimit -Sl; ulimit -Hl"
            let result = engine.host("\(Self.withoutRaising) $CFS exec \(id) sh -c '\(script)'")
            #expect(result.output == "150\n150\n8\n8\n" && result.status == 0, "\(result.errors)")
            for warning in ["the limit nofile is 150 instead of 300", "the limit memlock is 8192 instead of 16384"] {
                #expect(result.errors.split(separator: "\n").filter { $0.contains(warning) }.count == 1)
            }
            #expect(engine.run("exec", id, "sh", "-c", "ulimit -Hn").output == "300\n")
        }
        // Nobody has asked for the usual limits.
        try engine.withContainer { id in
            let result = engine.host("\(Self.withoutRaising) $CFS exec \(id) sh -c 'ulimit -Hn'")
            #expect(result.output == "150\n" && result.errors == "", "\(result.errors)")
        }
    }

    @Test("it ends with its container")
    func endsWithContainer() throws {
        try engine.withContainer { id in
            let command = engine.start(["exec", id, "sh", "-c", "echo up; exec sleep 1000"])
            #expect(command.waitForOutput("up"))
            #expect(engine.run("rm", "-f", id).status == 0)
            #expect(command.finish().status == 137)
        }
    }

    @Test("--privileged gives it every capability and no filter, and the container keeps its own")
    func privileged() throws {
        try engine.withContainer { id in
            let script = "grep -E '^(CapEff|Seccomp):' /proc/self/status; grep CapEff /proc/1/status"
            let lines = engine.run("exec", "--privileged", id, "sh", "-c", script).lines
            #expect(lines.count == 3 && lines[1] == "Seccomp:\t0" && lines[0] != lines[2])
        }
    }

    @Test("in a container that has ended it is an error")
    func notRunning() {
        #expect(engine.run("run", "--name", "done", "BusyBox", "true").status == 0)
        defer { engine.run("rm", "done") }
        let result = engine.run("exec", "done", "true")
        #expect(result.status == 125)
        #expect(result.errors.contains("the container done is not running"))
    }

    @Test(
        "who comes while it ends hears that, or how the command ended, and nothing else",
        arguments: [["stop", "-t", "0"], ["rm", "-f"]])
    func ending(verb: [String]) throws {
        for round in 0..<4 {
            let name = "ending-\(verb[0])-\(round)"
            #expect(engine.run("run", "-d", "--name", name, "BusyBox", "sleep", "1000").status == 0)
            let commands = (0..<8).map { _ in engine.start(["exec", name, "true"]) }
            #expect(engine.run(verb + [name]).status == 0)
            for result in commands.map({ $0.finish() }) where ![0, 137].contains(result.status) {
                let isNamed = result.errors.contains("the container \(name) is not running")
                let isGone = result.errors.contains("there is no container") || result.errors.contains(" is gone")
                #expect(result.status == 125 && (isNamed || isGone), "\(result.status) \(result.errors)")
            }
            engine.run("rm", "-f", name)
        }
    }

    @Test("200 commands at once, and none is lost")
    func many() throws {
        try engine.withContainer { id in
            let script = "for n in $(seq 200); do $CFS exec \(id) echo $n & done; wait"
            let result = engine.host(script, seconds: 600)
            #expect(result.lines.compactMap { Int($0) }.sorted() == Array(1...200), "\(result.errors)")
        }
    }
}
