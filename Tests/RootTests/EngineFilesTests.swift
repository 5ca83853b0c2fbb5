import Glibc
import TestSupport
import Testing

@Suite("What the engine keeps open and on disk", .needsHost, .engine)
struct EngineFilesTests: EngineSuite {
    @Test("its folders are for root alone, its socket too, and nothing is abstract")
    func modes() throws {
        try engine.withContainer { id in
            let open = engine.host(
                "find root run -maxdepth 3 -type d -path '*/layers/*' -prune -o -type d -perm /077 -print")
            // The container's root is another user of the host: only its own upper folder may be open to it.
            #expect(open.lines.filter { !$0.hasSuffix("/upper") } == [])
            #expect(engine.host("find run -type s -perm /007").output == "")
            #expect(engine.host("find root run -maxdepth 3 -type f -perm /022").output == "")
            #expect(engine.host("grep -c '@.*\(id)' /proc/net/unix").output == "0\n")
        }
    }

    @Test("a user who is nobody here reaches nothing of it")
    func ordinaryUser() throws {
        try engine.withContainer { id in
            let asNobody = "setpriv --reuid 65534 --regid 65534 --clear-groups"
            for path in ["root/registry.db", "root/containers/\(id)/config.json", "run/\(id)/socket"] {
                #expect(engine.host("\(asNobody) cat \(path)").status != 0, "\(path)")
            }
        }
    }

    @Test("failed and broken commands leave a monitor with as many descriptors as before")
    func descriptors() throws {
        try engine.withContainer { id in
            let folder = "/proc/\(try engine.monitor(id))/fd"
            _ = engine.run("exec", id, "true")
            let before = namesInFolder(folder).count
            for _ in 0..<50 {
                _ = engine.run("exec", id, "no-such-command")
                _ = engine.run("exec", "-u", "nobody-at-all", id, "true")
                _ = engine.run("stop", "-t", "86400", "--nonsense", id)
                let follower = engine.start(["logs", "-f", id])
                follower.signal(SIGKILL)
                _ = follower.finish()
            }
            for _ in 0..<10 {
                let terminal = Terminal()
                let command = engine.start(["exec", "-it", id, "no-such-command"], terminal: terminal)
                terminal.resize(rows: 10, columns: 20)
                command.signal(SIGWINCH)
                _ = command.finish()
            }
            #expect(eventually { namesInFolder(folder).count <= before })
        }
    }
}
