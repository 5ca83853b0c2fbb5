import Glibc
import TestSupport
import Testing

@Suite("Copying files between a container and the host", .needsHost, .engine)
struct CopyTests: EngineSuite {
    /// A folder of the host with `file`, `sub/deep`, a link and a program with set-uid.
    private func source(_ name: String) throws -> String {
        let path = engine.folder("copy/\(name)")
        let made = engine.host(
            """
            set -e; mkdir -p \(path)/sub; cd \(path); echo hello > file; echo deep > sub/deep; ln -s file link
            echo su > su; chown 33:7 su sub; chmod 4755 su; chmod 750 sub; touch -d @1000000000.5 file sub
            """)
        try #require(made.status == 0, "\(made.errors)")
        return path
    }

    private func copy(_ arguments: String...) {
        let result = engine.run(["cp"] + arguments)
        #expect(result.status == 0 && result.output == "", "\(arguments): \(result.errors)")
    }

    private static let listing =
        "cd /; find \"$1\" -exec stat -c '%n %F %a %u:%g %Y' {} + | sed s/regular.empty.file/file/ | sort"

    private func inside(_ id: String, _ script: String) -> String {
        engine.run("exec", id, "sh", "-c", script).output
    }

    @Test(
        "in and out by the rules of Docker, of a container that runs and of one that does not",
        arguments: [true, false])
    func table(runs: Bool) throws {
        let source = try source("table-\(runs)")
        try engine.withContainer { id in
            if !runs { #expect(engine.run("stop", "-t", "0", id).status == 0) }
            copy("\(source)/file", "\(id):/new")
            copy("\(source)/file", "\(id):/etc")
            copy("\(source)/file", "\(id):etc/other")
            copy(source, "\(id):/made")
            copy(source, "\(id):/etc/")
            copy("\(source)/.", "\(id):/srv-\(runs)")
            copy("-L", "\(source)/link", "\(id):/etc/followed")
            copy("\(source)/link", "\(id):/etc/link")
            let out = engine.folder("copy/out-\(runs)")
            copy("\(id):/made", out)
            copy("\(id):/made/.", "\(out)/sub")
            copy("\(id):made", "\(out)/sub")
            copy("\(id):/new", "\(out)/")
            copy("\(id):/etc/followed", "\(out)/renamed")
            let found = engine.host(
                "cd \(out); find . ! -type d -o -empty | sort; cat file new renamed sub/made/sub/deep; readlink link")
            #expect(
                found.lines == [
                    "./file", "./link", "./new", "./renamed", "./su", "./sub/deep", "./sub/file", "./sub/link",
                    "./sub/made/file", "./sub/made/link", "./sub/made/su", "./sub/made/sub/deep", "./sub/su",
                    "./sub/sub/deep", "hello", "hello", "hello", "deep", "file",
                ], "\(found.output)")
            let name = "table-\(runs)"
            let listed = engine.host(
                "$CFS export \(id) | tar -t | grep -E '^(made|new|etc/(file|other|link|followed|\(name))|srv-)' | sort")
            #expect(
                listed.lines == [
                    "etc/file", "etc/followed", "etc/link", "etc/other", "etc/\(name)/", "etc/\(name)/file",
                    "etc/\(name)/link", "etc/\(name)/su", "etc/\(name)/sub/", "etc/\(name)/sub/deep", "made/",
                    "made/file", "made/link", "made/su", "made/sub/", "made/sub/deep", "new",
                    "srv-\(name.dropFirst(6))/",
                    "srv-\(runs)/file", "srv-\(runs)/link", "srv-\(runs)/su", "srv-\(runs)/sub/",
                    "srv-\(runs)/sub/deep",
                ], "\(listed.output)")
        }
    }

    @Test("holes stay holes: in, out, and by a tar", arguments: [true, false])
    func sparse(runs: Bool) throws {
        let path = engine.folder("copy/sparse-\(runs)")
        let made = engine.host(
            "mkdir -p \(path); cd \(path); truncate -s 256M f; printf data | dd of=f bs=1 seek=100M conv=notrunc status=none"
        )
        try #require(made.status == 0, "\(made.errors)")
        try engine.withContainer { id in
            if !runs { #expect(engine.run("stop", "-t", "0", id).status == 0) }
            copy("\(path)/f", "\(id):/f")
            copy("\(id):/f", "\(path)/out")
            // Not by a pipe: of a container that does not run, one at a time has the files.
            let byTar = engine.host(
                "cd \(path); $CFS cp \(id):/f - >tarball && $CFS cp -q - \(id):/etc <tarball", seconds: 120)
            #expect(byTar.status == 0, "\(byTar.errors)")
            copy("\(id):/etc/f", "\(path)/tar")
            let upper = "\(engine.root)/containers/\(id)/upper"
            let seen = engine.host(
                "cd \(path); stat -c '%s %b' out tar \(upper)/f \(upper)/etc/f; cmp f out && cmp f tar && echo same")
            #expect(seen.lines.count == 5 && seen.lines.last == "same", "\(seen.output) \(seen.errors)")
            for line in seen.lines.dropLast() {
                let numbers = line.split(separator: " ").compactMap { Int($0) }
                #expect(numbers.count == 2 && numbers[0] == 256 << 20 && numbers[1] < 64, "\(line)")
            }
        }
    }

    @Test("a path that is too long is named by its beginning, with what is possible")
    func tooLong() throws {
        let (long, shown) = ("/" + String(repeating: "a", count: 300), "/" + String(repeating: "a", count: 58) + "…")
        try engine.withContainer { id in
            for (words, subject) in [
                ([long, "\(id):/x"], shown), (["/etc/passwd", "\(id):\(long)"], "\(shown) in the container"),
                (["\(id):\(long)", "/tmp"], "\(shown) in the container"), (["\(id):/etc/passwd", long], shown),
            ] {
                let result = engine.run(["cp"] + words)
                #expect(
                    result.errors
                        == "cfs: \(subject) has a name of 300 bytes, which is too long\n"
                        + "  hint: a name may have 255 bytes, and a whole path 4095\n")
                #expect(result.status == 1)
            }
        }
    }

    @Test("a copy belongs to the container's root, or to who copies; -a keeps owners and set-uid bits")
    func owners() throws {
        let source = try source("owners")
        try engine.withContainer { id in
            copy("\(source)/.", "\(id):/plain")
            copy("-a", "\(source)/.", "\(id):/kept")
            let look =
                "cd /plain && stat -c '%n %a %u:%g %Y' . su sub sub/deep file; cd /kept && stat -c '%n %a %u:%g' su sub file"
            let seen = inside(id, look).split(separator: "\n").map(String.init)
            #expect(
                seen.dropFirst().prefix(4).map { $0.split(separator: " ").prefix(3).joined(separator: " ") } == [
                    "su 755 0:0", "sub 750 0:0", "sub/deep 644 0:0", "file 644 0:0",
                ], "\(seen)")
            #expect(seen.count == 8 && seen[2].hasSuffix(" 1000000000") && seen[4].hasSuffix(" 1000000000"), "\(seen)")
            #expect(seen.suffix(3) == ["su 4755 33:7", "sub 750 33:7", "file 644 0:0"], "\(seen)")
            #expect(inside(id, "echo more >> /plain/file && cat /plain/file") == "hello\nmore\n")
            for (option, expected) in [(["-a"], "4755 33:7\n"), ([], "755 0:0\n")] {
                let out = engine.folder("copy/owners-out-\(option.count)")
                let result = engine.run(["cp"] + option + ["\(id):/kept/su", out])
                #expect(result.status == 0, "\(result.errors)")
                #expect(engine.host("stat -c '%a %u:%g' \(out)").output == expected)
            }
            #expect(engine.host("chown 70000 \(source)/file").status == 0)
            let refused = engine.run("cp", "-a", source, "\(id):/refused")
            #expect(refused.status == 1 && refused.errors.contains("70000:0"), "\(refused.errors)")
            #expect(inside(id, "ls /refused") == "")
        }
    }

    @Test("a tar by -, out and in, also compressed")
    func streams() throws {
        let source = try source("streams")
        try engine.withContainer { id in
            copy(source, "\(id):/srv-tar")
            let names = engine.host("$CFS cp \(id):/srv-tar - | tar -t; $CFS cp \(id):/srv-tar/. - | tar -t | head -2")
            #expect(
                names.lines == [
                    "srv-tar/", "srv-tar/file", "srv-tar/link", "srv-tar/su", "srv-tar/sub/", "srv-tar/sub/deep", "./",
                    "./file",
                ], "\(names.errors)")
            #expect(engine.host("tar -C \(source) -c . | $CFS cp -q - \(id):/tmp").errors == "")
            #expect(engine.host("tar -C \(source) -cz file | $CFS cp - \(id):/tmp/../root").status == 0)
            #expect(inside(id, "cat /tmp/sub/deep /root/file") == "deep\nhello\n")
            for (script, says) in [
                ("tar -C \(source) -c . | $CFS cp - \(id):/missing", "there is no /missing"),
                ("tar -C \(source) -c . | $CFS cp - \(id):/tmp/file", "is not a folder"),
                ("echo nonsense | $CFS cp - \(id):/tmp", "hint:"),
                ("tar -C \(source) -c su sub | head -c 1500 | $CFS cp - \(id):/root", "ends too early"),
            ] {
                let result = engine.host(script)
                #expect(result.status == 1 && result.errors.contains(says), "\(script): \(result.errors)")
            }
            #expect(inside(id, "ls -A /root") == "file\n")
            let terminal = Terminal()
            #expect(engine.start(["cp", "\(id):/tmp", "-"], terminal: terminal).finish().status == 64)
        }
    }

    @Test("what is mounted in a container that runs counts, and takes the files of its root")
    func mounts() throws {
        let share = engine.folder.makeFolder("copy-share")
        let source = try source("mounts")
        let options = ["--tmpfs", "/scratch", "-v", "\(share):/data:idmap", "--read-only"]
        try engine.withContainer(["--name", "copy-mounts"] + options) { id in
            for target in ["/scratch", "/data", "/dev/shm"] {
                copy("\(source)/file", "\(id):\(target)/x")
                #expect(inside(id, "stat -c '%u %a' \(target)/x; cat \(target)/x") == "0 644\nhello\n", "\(target)")
                let out = engine.host("$CFS cp -q \(id):\(target)/x out && cat out && rm out")
                #expect(out.output == "hello\n", "\(out.errors)")
            }
            #expect(engine.host("stat -c %u \(share)/x").output == "0\n")
            for target in ["/x", "/etc/x"] {
                let refused = engine.run("cp", "\(source)/file", "\(id):\(target)")
                #expect(refused.status == 1 && refused.errors.contains("read-only file system"), "\(refused.errors)")
            }
            let busy = engine.run("cp", "\(source)/file", "\(id):/etc/hosts")
            #expect(busy.status == 1 && busy.errors.contains("hint:"), "\(busy.errors)")
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            let refused = engine.run("cp", "\(source)/file", "\(id):/x")
            #expect(refused.status == 1 && refused.errors.contains("read-only file system"), "\(refused.errors)")
            // Neither is read-only: it is not there.
            for target in ["/scratch", "/data", "/data/sub"] {
                let early = engine.run("cp", "\(source)/file", "\(id):\(target)/y")
                #expect(early.status == 1 && early.errors.contains("only mounted while"), "\(early.errors)")
            }
        }
        try engine.withContainer(["-v", "\(share):/data"]) { id in
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            for arguments in [
                ["\(source)/file", "\(id):/data/y"], ["\(source)/file", "\(id):/data/sub/y"], ["\(id):/data", "./out"],
                ["\(id):/data/x", "./out"],
            ] {
                let result = engine.run(["cp"] + arguments)
                #expect(result.status == 1 && result.errors.contains("only mounted while"), "\(result.errors)")
                #expect(result.errors.contains(share))
            }
        }
    }

    @Test(
        "what cannot be copied is said",
        arguments: [
            (["/no/such", "C:/x"], "there is no /no/such", 1),
            (["C:/no/such", "/tmp"], "there is no /no/such in the container", 1),
            (["/etc/passwd", "C:/no/such/x"], "the folder of /no/such/x", 1),
            (["/etc/passwd", "C:/new/"], "there is no folder", 1),
            (["C:/etc", "C:/x"], "from one container to another", 64), (["/a", "/b"], "names a container", 64),
            (["-", "-"], "names a container", 64), (["C:/etc", "/etc/passwd"], "is a file", 1),
            (["/etc", "C:/etc/passwd"], "is a file", 1), (["C:", "/tmp"], "lacks a path", 64),
            (["nobody:/x", "/tmp"], "there is no container", 1),
            (["C:/proc/1/root/etc", "/tmp"], "kernel's own", 1),
            (["C:/dev/null", "/tmp/none"], "/dev/null in the container is a device, and no file", 1),
            (["/dev/zero", "C:/tmp/none"], "/dev/zero is a device, and no file", 1),
        ] as [([String], String, Int32)])
    func wrong(words: [String], says: String, status: Int32) throws {
        try engine.withContainer { id in
            let result = engine.run(["cp"] + words.map { $0.hasPrefix("C:") ? id + $0.dropFirst() : $0 })
            #expect(result.status == status && result.errors.contains(says), "\(result.status) \(result.errors)")
        }
    }

    @Test("a folder in the place of a file, and a full file system, leave all as it was")
    func atomic() throws {
        let source = try source("atomic")
        let name = "atomic"
        try engine.withContainer(["--tmpfs", "/small:size=64k"]) { id in
            _ = inside(id, "mkdir -p /t/\(name)/file; echo old > /small/old")
            let refused = engine.run("cp", source, "\(id):/t")
            #expect(refused.status == 1 && refused.errors.contains("is a folder"), "\(refused.errors)")
            _ = inside(id, "rmdir /t/\(name)/file")
            #expect(
                engine.host("head -c 300000 /dev/urandom > \(source)/old; mkdir \(source)/a; echo x > \(source)/a/x")
                    .status == 0)
            let full = engine.run("cp", "\(source)/.", "\(id):/small")
            #expect(full.status == 1 && full.errors.contains("No space left"), "\(full.errors)")
            #expect(inside(id, "ls -A /small; cat /small/old; ls -A /t/\(name)") == "old\nold\n")
        }
    }

    @Test("of a copy into a container that is removed meanwhile the error says why")
    func removedMeanwhile() throws {
        let tar = engine.folder("half.tar")
        let made = engine.host("head -c 4000000 /dev/urandom > large && tar -cf \(tar) large && rm large")
        #expect(made.status == 0, "\(made.errors)")
        #expect(engine.run("run", "-d", "--name", "copied-into", "BusyBox", "sleep", "1000").status == 0)
        // What a pipe does not hold was read when the container goes.
        let script = """
            { head -c 2000000 \(tar); $CFS rm -f copied-into > /dev/null; tail -c +2000001 \(tar); } |
                $CFS cp - copied-into:/tmp
            """
        let copied = engine.host(script)
        #expect(
            copied.status == 1 && copied.errors.contains("was removed while files were copied into it"),
            "\(copied.errors)")
    }

    @Test("a link that a copy has brought out leads no later copy to another place of the host")
    func broughtLink() throws {
        let folder = engine.folder.makeFolder("brought")
        for name in ["victim", "own"] { #expect(engine.host("echo precious > \(folder)/\(name)").status == 0) }
        let made = engine.host("mkdir \(folder)/chosen && ln -s own \(folder)/mine")
        #expect(made.status == 0)
        try engine.withContainer { id in
            func inside(_ script: String) { #expect(engine.run("exec", id, "sh", "-c", script).status == 0) }
            inside("ln -s \(folder)/victim /h; ln -s \(folder)/none /n; ln -s \(folder)/chosen /d")
            for name in ["h", "n", "d"] { copy("\(id):/\(name)", "\(folder)/\(name)") }
            // The same again, and then as something else.
            for name in ["h", "n"] { copy("\(id):/\(name)", "\(folder)/\(name)") }
            inside("rm /h /n /d; echo evil > /h; echo evil > /n; mkdir /d; echo evil > /d/e")
            for name in ["h", "n"] {
                copy("\(id):/\(name)", "\(folder)/\(name)")
                #expect(engine.host("test ! -L \(folder)/\(name) && cat \(folder)/\(name)").output == "evil\n")
            }
            for source in ["/d", "/d/.", "/h"] {
                let refused = engine.run("cp", "\(id):\(source)", "\(folder)/d")
                #expect(refused.status == 1 && refused.errors.contains("\(folder)/d/"), "\(refused.errors)")
            }
            let overLink = engine.run("cp", "\(id):/d", "\(folder)/mine")
            #expect(overLink.status == 1 && overLink.errors.contains("is a link"), "\(overLink.errors)")
            #expect(engine.host("ls -A \(folder)/chosen; ls \(folder)/none").output == "")
            let device = engine.host("ln -s /dev/null \(folder)/null; $CFS cp \(id):/h \(folder)/null")
            #expect(device.status == 1 && device.errors.contains("is a link"), "\(device.errors)")
            let kernel = engine.host("ln -s /proc/self/fd/1 \(folder)/out; $CFS cp \(id):/h \(folder)/out")
            #expect(kernel.status == 1 && kernel.errors.contains("one of the kernel's own"), "\(kernel.errors)")
            #expect(engine.host("test -L \(folder)/null && test -L \(folder)/out").status == 0)
            #expect(engine.host("cat \(folder)/victim \(folder)/own").output == "precious\nprecious\n")
            copy("\(id):/h", "\(folder)/d/")
            #expect(engine.host("cat \(folder)/chosen/h").output == "evil\n")
        }
    }

    @Test("a container that was never started gets files before its first start, and keeps them")
    func created() throws {
        let source = try source("created")
        let made = engine.run(["create", "BusyBox", "cat", "/x"])
        try #require(made.status == 0, "\(made.errors)")
        let id = made.text
        copy("\(source)/file", "\(id):/x")
        copy("\(id):/x", engine.folder("created-out"))
        #expect(textOfFile(engine.folder("created-out")) == "hello\n")
        #expect(engine.run("diff", id).output == "A /x\n")
        // Nothing was left behind that says that it runs.
        let state = try engine.inspect(id)["State"]
        #expect(state["Status"].text == "created")
        #expect(namesInFolder("\(engine.runFolder)/\(id)") == [])
        #expect(engine.run("start", "-a", id).output == "hello\n")
        #expect(engine.run("start", "-a", id).output == "hello\n")
        copy("\(id):/x", engine.folder("created-again"))
        #expect(textOfFile(engine.folder("created-again")) == "hello\n")
        #expect(engine.run("rm", id).status == 0)
    }

    @Test("files of proc and sysfs are copied with what stands in them, and their folders are an error")
    func kernelFiles() throws {
        try engine.withContainer { id in
            for path in ["/proc/1/comm", "/proc/1/cmdline", "/sys/kernel/mm/transparent_hugepage/enabled"] {
                let target = engine.folder("kernel-\(path.split(separator: "/").last ?? "")")
                copy("\(id):\(path)", target)
                #expect(textOfFile(target) == engine.run("exec", id, "cat", path).output, "\(path)")
            }
            #expect(textOfFile(engine.folder("kernel-comm")) == "sleep\n")
            let streamed = engine.host("$CFS cp \(id):/proc/1/comm - | tar -xO")
            #expect(streamed.output == "sleep\n", "\(streamed.errors)")
            for path in ["/proc", "/proc/1", "/sys/kernel", "/proc/."] {
                let refused = engine.run("cp", "\(id):\(path)", engine.folder("kernel-folder"))
                #expect(refused.status != 0 && refused.errors.contains("a view into the kernel"), "\(path)")
                #expect(textOfFile(engine.folder("kernel-folder")) == nil)
            }
            let unreadable = engine.run("cp", "\(id):/proc/1/mem", engine.folder("kernel-mem"))
            #expect(unreadable.status != 0 && unreadable.errors.contains("cannot be read"), "\(unreadable.errors)")
        }
    }

    @Test("what was copied is an event, and what was changed is history")
    func events() throws {
        let source = try source("events")
        try engine.withContainer(["--name", "copy-events"]) { id in
            copy("\(source)/file", "\(id):/x")
            copy("\(id):/x", engine.folder("events-out"))
            #expect(engine.run("export", "-o", engine.folder("events.tar"), id).status == 0)
            #expect(engine.run("commit", id, "copy-events").status == 0)
            let events = engine.run("events", "--since", "1h", "--until", "0s", "--format", "json").lines.filter {
                $0.contains(id)
            }
            for action in ["copy", "export", "commit"] {
                #expect(events.contains { $0.contains("\"\(action)\"") }, "\(action): \(events)")
            }
            let history = engine.run("history", "--format", "json").output
            #expect(history.contains("\"cp\"") && history.contains("\"commit\""))
        }
    }
}
