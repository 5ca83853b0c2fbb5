import Glibc
import TestSupport
import Testing

@Suite("An image whose own files point at the host", .needsHost, .engine)
struct HostileRootTests: EngineSuite {
    /// All that lies in a folder of the host, with contents.
    private func content(of folder: String) -> String {
        engine.host("find \(folder) -printf '%P %y %m %U %T@\\n' | sort; cat \(folder)/* 2>/dev/null").output
    }

    private func outside(_ name: String) -> String {
        engine.folder.write("untouched\n", to: "outside-\(name)/file", mode: 0o666)
        chmod(engine.folder("outside-\(name)"), 0o777)
        return engine.folder("outside-\(name)")
    }

    // runc 2026-41579, crun 2026-47766.
    @Test("a /dev that is a link to a host folder: the devices are made inside", arguments: ["private", "host"])
    func devices(userns: String) throws {
        let folder = outside("dev-\(userns)")
        let before = content(of: folder)
        let image = try HostileImage(engine, "dev-\(userns)")
        try image.change("rmdir dev; ln -s \(folder) dev")
        try image.importing()
        let result = engine.run("run", "--rm", "--userns", userns, "dev-\(userns)", "ls", "/dev/")
        #expect(result.lines.contains("null") || result.status == 125, "\(result.output) \(result.errors)")
        #expect(content(of: folder) == before)
    }

    // CVE-2019-19921, CVE-2023-27561.
    @Test(
        "a /proc or /sys that is a link, or a file, is refused", arguments: ["proc", "sys"],
        ["ln -s /tmp", "ln -s /", "echo x >"])
    func kernelFileSystems(name: String, form: String) throws {
        let tag = "\(name)-\(form.utf8.reduce(0) { Int($0) + Int($1) })"
        let image = try HostileImage(engine, tag)
        try image.change("rmdir \(name); \(form) \(name)")
        try image.importing()
        let result = engine.run("run", "--rm", tag, "true")
        #expect(result.status == 125)
        #expect(result.errors.contains("/\(name) of the image is not a plain folder"), "\(result.errors)")
    }

    @Test("a volume over /proc is refused", arguments: ["/proc", "/proc/self", "/sys"])
    func volume(target: String) {
        let folder = outside("volume")
        let result = engine.run("run", "--rm", "-v", "\(folder):\(target)", "BusyBox", "cat", "/proc/self/status")
        #expect(result.status == 125, "\(result.output)")
    }

    // crun/krun 2025-24965.
    @Test(
        "generated files that are links to the host: the host's stay as they are",
        arguments: ["hosts", "hostname", "resolv.conf"], ["private", "host"])
    func generated(name: String, userns: String) throws {
        let folder = outside("\(name)-\(userns)")
        let before = content(of: folder)
        let image = try HostileImage(engine, "link-\(name)-\(userns)")
        try image.change("ln -s \(folder)/file etc/\(name); ln -s \(folder)/new etc/other")
        try image.importing()
        let result = engine.run(
            "run", "--rm", "--userns", userns, "link-\(name)-\(userns)", "sh", "-c",
            "echo inside > /etc/\(name); cat /etc/\(name)")
        #expect(result.output == "inside\n", "\(result.errors)")
        #expect(content(of: folder) == before)
    }

    @Test("a mount target that is a link stays inside", arguments: ["private", "host"])
    func mountTarget(userns: String) throws {
        let folder = outside("target-\(userns)")
        let before = content(of: folder)
        engine.folder.write("mounted\n", to: "share-\(userns)/mounted", mode: 0o644)
        let image = try HostileImage(engine, "target-\(userns)")
        try image.change(
            "ln -s \(folder) absolute; ln -s ../../../../../../../..\(folder) relative; ln -s \(folder)/new dangling")
        try image.importing()
        for target in ["absolute", "relative", "dangling", "absolute/deeper/place"] {
            let result = engine.run(
                "run", "--rm", "--userns", userns, "-v", "\(engine.folder("share-\(userns)")):/\(target)",
                "target-\(userns)",
                "cat", "/\(target)/mounted")
            #expect(result.output == "mounted\n", "\(target): \(result.errors)")
        }
        #expect(content(of: folder) == before)
    }

    // 2026-47262, 2024-9676.
    @Test(
        "a user database that is a pipe, a device, huge or a link is an error, at once",
        arguments: [
            ("fifo", "mkfifo etc/passwd", nil), ("huge", "truncate -s 11M etc/passwd", nil),
            ("folder", "mkdir etc/passwd", nil),
            ("zero", "ln -s /dev/zero etc/passwd", "mknod dev/zero c 1 5"),
            ("link", "mkfifo pipe; ln -s /pipe etc/passwd", nil),
            ("loop", "ln -s passwd etc/passwd", nil),
        ] as [(String, String, String?)])
    func userDatabase(name: String, change: String, also: String?) throws {
        let image = try HostileImage(engine, "passwd-\(name)")
        try image.change("rm etc/passwd; \(change); \(also ?? ":")")
        let imported = engine.run("image", "import", "-q", "passwd-\(name)", image.tree)
        // A layer may be refused for what it is; then nobody runs it.
        guard imported.status == 0 else { return }
        let result = engine.run(["run", "--rm", "-u", "somebody", "passwd-\(name)", "true"])
        #expect(!result.timedOut)
        #expect(result.status == 125, "\(result.output)")
    }

    @Test(
        "a container that exchanges its user database under way gets the same from exec",
        arguments: [
            "mkfifo /etc/passwd", "truncate -s 10G /etc/passwd", "ln -s /dev/zero /etc/passwd",
            "ln -s /proc/self/mem /etc/passwd",
        ])
    func exchangedUserDatabase(change: String) throws {
        try engine.withContainer { id in
            let changed = engine.run("exec", id, "sh", "-c", "rm /etc/passwd; \(change)")
            #expect(changed.status == 0, "\(changed.errors)")
            let result = engine.run(["exec", "-u", "somebody", id, "true"])
            #expect(!result.timedOut)
            #expect(result.status == 125, "\(result.output)")
        }
    }

    // An image is data: what it says about its own running steers nothing of the engine.
    @Test("a rootfs with libraries and programs of a trojan runs none of them outside")
    func trojans() throws {
        let folder = outside("trojan")
        let before = content(of: folder)
        let image = try HostileImage(engine, "trojan")
        let script =
            "for name in xz gzip tar cfs-runtime newuidmap mount; do printf '#!/bin/sh\\necho pwned > \(folder)/pwned\\n' > bin/$name; "
            + "chmod 755 bin/$name; done; mkdir lib; cp bin/xz lib/libnss_files.so.2; echo 'passwd: evil' > etc/nsswitch.conf; "
            + "cp bin/xz etc/ld.so.preload"
        try image.change(script)
        try image.importing()
        #expect(
            engine.run("run", "--rm", "-u", "root", "-e", "LD_PRELOAD=/lib/libnss_files.so.2", "trojan", "true").status
                == 0)
        try engine.withContainer(image: "trojan") { id in
            #expect(engine.run("exec", "-u", "root:root", id, "true").status == 0)
            #expect(engine.run("image", "export", "-o", engine.folder("trojan.tar"), "trojan").status == 0)
        }
        #expect(content(of: folder) == before)
    }
}
