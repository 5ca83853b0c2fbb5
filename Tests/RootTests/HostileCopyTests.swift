import Glibc
import TestSupport
import Testing

/// A container decides what its paths mean, and may change that at any moment.
@Suite("Copies, exports and commits of a hostile container", .needsHost, .engine)
struct HostileCopyTests: EngineSuite {
    /// A folder of the host that nothing may be written to and read from.
    private func outside(_ name: String) -> String {
        let path = engine.folder.makeFolder("hostile-\(name)", mode: 0o777)
        engine.folder.write("secret\n", to: "hostile-\(name)/secret")
        return path
    }

    private func content(_ path: String) -> String {
        engine.host("cd \(path); find . -printf '%p %y %m %U:%G %T@\\n' -exec md5sum {} + 2>/dev/null | sort").output
    }

    @Test("links to the host lead to the container's own, in both directions", arguments: [true, false])
    func links(runs: Bool) throws {
        let host = outside("links-\(runs)")
        let before = content(host)
        engine.folder.write("mine\n", to: "hostile-file")
        let file = engine.folder("hostile-file")
        try engine.withContainer { id in
            let up = String(repeating: "../", count: 30)
            let script = """
                mkdir /d; ln -s \(host) /d/absolute; ln -s \(up)\(host.dropFirst()) /d/relative; ln -s \(host)/secret /d/file
                ln -s \(up)etc /d/etc; ln -s /proc/1/root/etc /d/magic; ln -s \(host)/new /d/dangling
                """
            #expect(engine.run("exec", id, "sh", "-c", script).status == 0)
            if !runs { #expect(engine.run("stop", "-t", "0", id).status == 0) }
            // What the links name does not exist inside.
            for path in ["absolute/", "relative/", "absolute/secret", "relative/secret", "file/."] {
                let result = engine.run("cp", "\(id):/d/\(path)", engine.folder("hostile-out"))
                #expect(result.status == 1, "\(path)")
                #expect(access(engine.folder("hostile-out"), F_OK) != 0)
            }
            for path in ["absolute/new", "relative/secret", "file", "dangling", "magic/new"] {
                let result = engine.run("cp", file, "\(id):/d/\(path)")
                #expect(result.status == 1, "\(path): \(result.errors)")
            }
            #expect(engine.run("cp", "-q", file, "\(id):/d/etc").status == 0)
            let etc = engine.host("$CFS cp -q \(id):/d/etc/hostile-file out-\(runs) && cat out-\(runs)")
            #expect(etc.output == "mine\n", "\(etc.errors)")
            #expect(access("/etc/hostile-file", F_OK) != 0)
            // Links are copied, exported and committed as links.
            let out = engine.folder("hostile-tree-\(runs)")
            #expect(engine.run("cp", "-q", "\(id):/d", out).status == 0)
            #expect(engine.host("readlink \(out)/absolute").text == host)
            #expect(engine.host("$CFS export \(id) | tar -tv | grep -c ' d/.* -> '").text == "6")
            let image = "hostile-links-\(runs)"
            #expect(engine.run("commit", id, image).status == 0)
            #expect(engine.run("run", "--rm", image, "readlink", "/d/absolute").text == host)
        }
        #expect(content(host) == before)
    }

    @Test("a folder of the container that is a link there is not written through")
    func replacedFolder() throws {
        let host = outside("tree")
        let before = content(host)
        engine.folder.write("x", to: "tree-in/sub/secret")
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "sh", "-c", "mkdir /d; ln -s \(host) /d/sub; ln -s /etc /d/etc").status == 0)
            let result = engine.run("cp", engine.folder("tree-in/."), "\(id):/d")
            #expect(result.status == 1 && result.errors.contains("is no folder"), "\(result.errors)")
        }
        #expect(content(host) == before)
    }

    @Test("folders and links that change places all the time never let a copy out")
    func races() throws {
        let host = outside("races")
        let before = content(host)
        engine.folder.write("mine\n", to: "race-in/file")
        engine.folder.write("mine\n", to: "race-in/sub/secret")
        let shell = """
            mkdir -p /d/a /d/b; echo inside > /d/a/secret; ln -s \(host) /d/b/link
            while [ ! -e /stop ]; do
                mv /d/a /d/t 2>/dev/null; mv /d/b/link /d/a 2>/dev/null; mv /d/a /d/b/link 2>/dev/null; mv /d/t /d/a 2>/dev/null
            done
            """
        try engine.withContainer([], ["sh", "-c", shell]) { id in
            for round in 0..<15 {
                _ = engine.run("cp", "-q", engine.folder("race-in/file"), "\(id):/d/a/secret")
                _ = engine.run("cp", "-q", "-a", engine.folder("race-in/."), "\(id):/d/a")
                _ = engine.run("cp", "-q", "\(id):/d/a/secret", engine.folder("race-out-\(round)"))
                let text = textOfFile(engine.folder("race-out-\(round)"))
                #expect(text == nil || text == "inside\n" || text == "mine\n", "\(text ?? "")")
            }
            let exported = engine.host("$CFS export \(id) | tar -xO --wildcards '*secret*' 2>/dev/null")
            #expect(!exported.output.contains("secret\n"))
            // Whose file ends the container, and with it the one that made the file, maybe before it says so.
            #expect([0, 137].contains(engine.run("exec", id, "touch", "/stop").status))
            #expect(engine.run("wait", id).status == 0)
        }
        #expect(content(host) == before)
    }

    @Test("pipes and sockets hold nobody up, and devices of an image do not become the host's")
    func specialFiles() throws {
        let image = try HostileImage(engine, "hostile-devices")
        try image.change("mkdir data; mknod data/disk b 7 0; mknod data/zero c 1 5; chmod 666 data/*; mkfifo data/pipe")
        try image.importing()
        try engine.withContainer(image: "hostile-devices") { id in
            let out = engine.folder("devices-out")
            let copied = engine.run("cp", "\(id):/data", out)
            #expect(copied.status == 0 && copied.errors.contains("2 devices were left out"), "\(copied.errors)")
            #expect(namesInFolder(out) == ["pipe"])
            #expect(engine.run("cp", "\(id):/data/zero", engine.folder("zero-out")).status == 1)
            #expect(access(engine.folder("zero-out"), F_OK) != 0)
            let listed = engine.host("$CFS cp \(id):/data - | tar -t")
            #expect(listed.lines == ["data/", "data/disk", "data/pipe", "data/zero"])
        }
    }

    @Test("another user's container changes neither the host's processes nor its mounts, and nothing is left")
    func traces() throws {
        try engine.withContainer { id in
            let before = textOfFile("/proc/self/mountinfo")
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            for arguments in [["diff", id], ["commit", id, "traces"], ["export", "-o", engine.folder("t.tar"), id]] {
                #expect(engine.run(arguments).status == 0)
            }
            #expect(engine.run("cp", "-q", "/etc/passwd", "\(id):/p").status == 0)
            #expect(namesInFolder(engine.runFolder).contains(id) == false)
            #expect(textOfFile("/proc/self/mountinfo")?.contains(id) == false && before?.contains(id) == false)
            // It starts with what was copied into it: its files were only borrowed.
            #expect(engine.run("diff", id).output == "A /p\n")
        }
    }
}
