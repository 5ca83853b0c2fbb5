import Glibc
import TestSupport
import Testing

@Suite("A container's files as a tar", .needsHost, .engine)
struct ContainerExportTests: EngineSuite {
    private let change =
        "echo mine > /etc/motd; rm -r /tmp; echo x > /new; chown 33:7 /new; chmod 4711 /new; ln /new /twin"

    private func check(_ id: String) {
        let listed = engine.host("$CFS export \(id) | tar -tv --numeric-owner > listing-\(id); echo ${PIPESTATUS[@]}")
        #expect(listed.output == "0 0\n", "\(listed.errors)")
        let listing = textOfFile(engine.folder("listing-\(id)")) ?? ""
        #expect(listing.contains(" etc/motd\n") && listing.contains(" bin/busybox\n"), "\(listing)")
        #expect(listing.contains("-rws--x--x 33/7 ") && listing.contains(" twin link to new\n"), "\(listing)")
        #expect(!listing.contains(" tmp/") && !listing.contains(" ./"))
        // What is mounted is none of it.
        #expect(!listing.contains("proc/1") && !listing.contains("data/secret") && !listing.contains("dev/null"))
    }

    @Test("its own files and the image's, in every state, with the owners that are seen inside")
    func states() throws {
        let share = engine.folder.makeFolder("export-share", mode: 0o777)
        engine.folder.write("x", to: "export-share/secret")
        try engine.withContainer(["-v", "\(share):/data"]) { id in
            #expect(engine.run("exec", id, "sh", "-c", change).status == 0)
            check(id)
            #expect(engine.run("pause", id).status == 0)
            check(id)
            #expect(engine.run("unpause", id).status == 0)
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            check(id)
            let file = engine.folder("\(id).tar")
            #expect(engine.run("export", "-o", file, id).output == "")
            #expect(engine.host("$CFS export \(id) | cmp - \(file) && echo same").output == "same\n")
        }
    }

    @Test("what was exported is an image again")
    func importing() throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "sh", "-c", change).status == 0)
            let file = engine.folder("again.tar")
            #expect(engine.run("export", "-o", file, id).status == 0)
            let imported = engine.run("image", "import", "-q", "again", file)
            #expect(imported.status == 0, "\(imported.errors)")
            #expect(
                engine.run("run", "--rm", "again", "sh", "-c", "cat /etc/motd; stat -c '%u:%g %a %h' /new; ls /tmp")
                    .text
                    == "mine\n33:7 4711 2")
        }
    }

    @Test("also without a user namespace of its own")
    func hostUsers() throws {
        try engine.withContainer(["--userns", "host"]) { id in
            #expect(engine.run("exec", id, "sh", "-c", change).status == 0)
            check(id)
        }
    }

    @Test("a terminal gets no archive, and a file appears whole or not at all")
    func failures() throws {
        try engine.withContainer { id in
            let terminal = Terminal()
            let refused = engine.start(["export", id], terminal: terminal).finish()
            #expect(refused.status == 64)
            for path in ["/no/such/folder/x", "/etc"] {
                let result = engine.run("export", "-o", path, id)
                #expect(result.status == 1 && result.errors.contains("hint:"), "\(result.errors)")
            }
            let script = """
                mkdir full && mount -t tmpfs -o size=64k none full || exit 99
                \(engine.command([]).joined(separator: " ")) export -o full/root.tar \(id); echo $?; ls -A full
                """
            engine.folder.write(script, to: "full-script")
            let full = engine.host("unshare -m --propagation private bash ./full-script")
            #expect(full.output == "1\n" && full.errors.contains("No space left"), "\(full.output) \(full.errors)")
            let early = engine.host("$CFS export \(id) | head -c 1000 | wc -c; echo ${PIPESTATUS[0]}")
            #expect(early.output == "1000\n141\n" && early.errors == "", "\(early.output) \(early.errors)")
        }
    }
}
