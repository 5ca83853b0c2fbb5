import Glibc
import TestSupport
import Testing

@Suite(
    "A container that works against the start of another", .needsHost, .engine,
    .enabled(if: ProbeProgram.built != nil, Comment(rawValue: ProbeProgram.missing)))
struct HostileNeighbourTests: EngineSuite {
    private func stop(_ id: String) {
        // It may end, and take this command along, before the command has.
        engine.run("exec", id, "touch", "/stop")
        #expect(eventually { engine.exitCode(id) == 0 }, "\(engine.run("logs", id).output)")
    }

    // CVE-2021-30465, CVE-2024-45310: a mount target on a shared volume that becomes a link while it is mounted.
    @Test("a mount target that is exchanged for a link all the time never leads out", arguments: ["private", "host"])
    func exchangedTarget(userns: String) throws {
        let outside = engine.folder.makeFolder("outside-\(userns)", mode: 0o777)
        engine.folder.write("untouched\n", to: "outside-\(userns)/file", mode: 0o666)
        let shared = engine.folder.makeFolder("shared-\(userns)", mode: 0o777)
        engine.folder.makeFolder("shared-\(userns)/target", mode: 0o777)
        try #require(symlink(outside, "\(shared)/link") == 0)
        let payload = engine.folder.makeFolder("payload-\(userns)", mode: 0o777)
        engine.folder.write("payload\n", to: "payload-\(userns)/inside", mode: 0o666)

        let options = ProbeProgram.volume + ["--userns", userns, "-v", "\(shared):/vol"]
        try engine.withContainer(options, ["/probe", "swap", "/vol/target", "/vol/link"]) { id in
            #expect(eventually { engine.run("logs", id).output == "swapping\n" })
            var mounted = 0
            for _ in 0..<100 {
                let result = engine.run(
                    "run", "--rm", "--userns", userns, "-v", "\(shared):/vol", "-v", "\(payload):/vol/target",
                    "BusyBox",
                    "sh", "-c",
                    "cat /proc/self/mountinfo; for f in /vol/target /vol/link; do touch $f/trace; done 2>/dev/null")
                // Mounted inside, wherever the link led there, or refused; never on a folder of the host.
                let points = result.lines.map { $0.split(separator: " ") }.filter { $0.count > 4 }
                mounted += points.contains { $0[3].hasSuffix("/payload-\(userns)") } ? 1 : 0
                #expect(result.status == 125 || !points.isEmpty, "\(result.errors)")
                #expect(textOfFile("/proc/self/mountinfo")?.contains("payload-\(userns)") == false)
            }
            #expect(mounted > 0)
            stop(id)
        }
        #expect(namesInFolder(outside) == ["file"])
        #expect(textOfFile("\(outside)/file") == "untouched\n")
    }

    // CVE-2016-9962: the process that enters a container has descriptors of the host until it executes.
    @Test("nothing of the host is seen in a process that enters", arguments: ["private", "host"])
    func entering(userns: String) throws {
        engine.folder.write("secret", to: "held/marker-of-the-host", mode: 0o644)
        let open = "for n in $(seq 3 40); do eval \"exec $n<\(engine.folder("held"))\"; done; "
        let options = ProbeProgram.volume + ["--userns", userns, "--cap-add", "SYS_PTRACE"]
        try engine.withContainer(options, ["/probe", "spy", "marker-of-the-host"]) { id in
            #expect(eventually { engine.run("logs", id).output == "watching\n" })
            let result = engine.host(
                open + "for i in $(seq 100); do $CFS exec \(id) true || exit 1; done", seconds: 600)
            #expect(result.status == 0, "\(result.errors)")
            stop(id)
            #expect(engine.run("logs", id).output == "watching\nfound 0\n")
        }
    }

    @Test("what a process of the container has open is found by the same means")
    func enteringControl() throws {
        try engine.withContainer(ProbeProgram.volume, ["/probe", "spy", "passwd"]) { id in
            let isWatching = eventually { engine.run("logs", id).output == "watching\n" }
            #expect(isWatching)
            let command = engine.start(["exec", id, "sh", "-c", "exec 5</etc; echo up; exec sleep 1000"])
            #expect(command.waitForOutput("up"))
            let hasSeen = eventually { engine.run("logs", id).output == "watching\nseen\n" }
            #expect(hasSeen)
            stop(id)
            #expect(command.finish().status == 137)
        }
    }
}
