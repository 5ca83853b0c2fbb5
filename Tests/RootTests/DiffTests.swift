import TestSupport
import Testing

@Suite("What a container has changed", .needsHost, .engine)
struct DiffTests: EngineSuite {
    private func diff(_ container: String) -> [String] {
        let result = engine.run("diff", container)
        #expect(result.status == 0, "\(result.errors)")
        return result.lines
    }

    @Test("what is added, changed and deleted is listed, while it runs and afterwards")
    func states() throws {
        try engine.withContainer(["--name", "diff-states"]) { id in
            let script = "echo x > /new; rm /etc/passwd; echo y >> /etc/group; mkdir -p /srv/a/b; ln -s / /srv/l"
            #expect(engine.run("exec", id, "sh", "-c", script).status == 0)
            let expected = [
                "C /etc", "C /etc/group", "D /etc/passwd", "A /new", "C /srv", "A /srv/a", "A /srv/a/b", "A /srv/l",
            ]
            let found = diff(id)
            #expect(Set(found).isSuperset(of: ["C /etc", "C /etc/group", "D /etc/passwd", "A /new", "A /srv/l"]))
            // Whether the image has /srv is its own business.
            #expect(found.map { $0.dropFirst() } == expected.map { $0.dropFirst() })
            #expect(engine.run("pause", id).status == 0)
            #expect(diff(id) == found)
            #expect(engine.run("unpause", id).status == 0)
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            #expect(diff("diff-states") == found)
        }
    }

    @Test("what the engine mounts or had to make for it is no change, and what lies in volumes neither")
    func mounts() throws {
        let share = engine.folder.makeFolder("diff-share", mode: 0o777)
        let options = [
            "-v", "\(share):/made/for/it", "-v", "\(share):/data", "--tmpfs", "/scratch", "-w", "/begin/here",
        ]
        try engine.withContainer(options) { id in
            #expect(diff(id) == [])
            let script =
                "echo x > /data/x; echo x > /scratch/x; echo x >> /etc/hosts; echo x > /dev/shm/x; cat /proc/1/status"
            #expect(engine.run("exec", id, "sh", "-c", script).status == 0)
            #expect(diff(id) == [])
            #expect(engine.run("exec", id, "sh", "-c", "echo x > /begin/here/x; echo x > /made/y").status == 0)
            #expect(diff(id) == ["A /begin", "A /begin/here", "A /begin/here/x", "A /made", "A /made/y"])
        }
    }

    @Test("as JSON, and names that would steer a terminal")
    func names() throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "sh", "-c", "echo > $'/\\033[31mred'; rm -r /tmp; mkdir /tmp").status == 0)
            #expect(diff(id).first == #"A /\x1b[31mred"#)
            let json = try engine.json("diff", "--format", "json", id)
            #expect(json[0]["Kind"].text == "A" && json[0]["Path"].text == "/\u{1b}[31mred")
        }
    }

    @Test("a container that is not there, and one that has changed nothing")
    func others() {
        let missing = engine.run("diff", "no-such-container")
        #expect(missing.status == 1 && missing.errors.contains("there is no container"))
        #expect(engine.run("diff").status == 64)
        #expect(engine.run("run", "--name", "diff-idle", "BusyBox", "true").status == 0)
        #expect(diff("diff-idle") == [])
        #expect(engine.run("rm", "diff-idle").status == 0)
    }
}
