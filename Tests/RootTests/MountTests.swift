import Glibc
import TestSupport
import Testing

@Suite("What is mounted into a container", .needsHost, .engine)
struct MountTests: EngineSuite {
    /// A new folder of the host with a file in it; open to everybody, as container root is a host nobody.
    private func share(_ name: String, mode: mode_t = 0o777) -> String {
        let path = engine.folder.makeFolder("shares/\(name)", mode: mode)
        engine.folder.write("hello\n", to: "shares/\(name)/file")
        return path
    }

    private func options(of target: String, _ arguments: String...) -> Set<Substring> {
        let script = "awk '$2 == \"\(target)\" { print $4 }' /proc/self/mounts"
        let result = engine.run(["run", "--rm"] + arguments + ["BusyBox", "sh", "-c", script])
        return Set(result.text.split(separator: ","))
    }

    @Test("-v shows a folder of the host, and what is written there is on the host")
    func bind() {
        let path = share("bind")
        #expect(engine.inside("cat /data/file; echo new > /data/new", "-v", "\(path):/data").output == "hello\n")
        #expect(textOfFile("\(path)/new") == "new\n")
    }

    @Test("inspect lists what the caller mounted, and nothing of the engine's own")
    func listed() throws {
        let path = share("listed")
        let options = ["-v", "\(path):/data:ro", "--tmpfs", "/scratch", "-v", "\(path)/file:/etc/hosts"]
        try engine.withContainer(options + ["--hostname", "h"]) { id in
            let seen = engine.run(
                "inspect", "-f",
                "{{range .Mounts}}{{printf \"%-5s %s %s %t;\" .Type .Source .Destination .RW}}{{end}}", id)
            #expect(
                seen.text == "bind  \(path) /data false;bind  \(path)/file /etc/hosts true;tmpfs  /scratch true;",
                "\(seen.errors)")
            let binds = engine.run("inspect", "-f", "{{join .HostConfig.Binds \" \"}} {{.Config.Image}}", id)
            #expect(binds.text == "\(path):/data:ro \(path)/file:/etc/hosts BusyBox")
            let mode = engine.run("inspect", "-f", "{{.HostConfig.NetworkMode}} {{.HostConfig.PidsLimit}}", id)
            #expect(mode.text == "none 4096")
            // A namespace of another container's, and nothing mounted.
            let second = engine.run(
                "run", "-d", "--network", "container:\(id)", "BusyBox", "sleep", "1000")
            #expect(second.status == 0, "\(second.errors)")
            let joined = engine.run(
                "inspect", "-f", "{{.HostConfig.NetworkMode}} {{len .Mounts}}", second.text)
            #expect(joined.text == "container:\(id) 0")
            engine.run("rm", "-f", second.text)
        }
    }

    @Test("a relative source starts at the caller's folder")
    func relative() {
        _ = share("relative")
        #expect(engine.inside("cat /data/file", "-v", "./shares/relative:/data").output == "hello\n")
    }

    @Test("ro makes it read-only, by -v and by --mount")
    func readOnly() {
        let path = share("ro")
        for options in [["-v", "\(path):/data:ro"], ["--mount", "type=bind,src=\(path),dst=/data,readonly"]] {
            let result = engine.run(
                ["run", "--rm"] + options + ["BusyBox", "sh", "-c", "cat /data/file; echo x > /data/x"])
            #expect(result.output == "hello\n")
            #expect(result.errors.contains("Read-only file system"), "\(result.errors)")
            #expect(access("\(path)/x", F_OK) != 0)
        }
    }

    @Test("a mount below a read-only folder is read-only too")
    func recursiveReadOnly() {
        let path = share("tree")
        engine.folder.makeFolder("shares/tree/sub")
        // A mount of the host lives in a namespace of its own, so that it ends with the command.
        let script = """
            unshare -m --propagation private sh -c 'mount -t tmpfs none \(path)/sub && chmod 777 \(path)/sub && \
            '"$CFS run --rm -v \(path):/data:ro BusyBox touch /data/sub/x"
            """
        let result = engine.host(script)
        #expect(result.errors.contains("Read-only file system"), "\(result.errors)")
    }

    @Test("set-uid programs and devices do not work in a mount, unless that is asked for")
    func flags() throws {
        let path = share("flags")
        #expect(options(of: "/data", "-v", "\(path):/data").isSuperset(of: ["nosuid", "nodev"]))
        let relaxed = options(of: "/data", "-v", "\(path):/data:suid,dev,noexec")
        #expect(relaxed.isDisjoint(with: ["nosuid", "nodev"]))
        #expect(relaxed.contains("noexec"))
        try #require(mknod("\(path)/zero", S_IFCHR | 0o666, 0x0105) == 0)
        chmod("\(path)/zero", 0o666)
        let refused = engine.inside("head -c 4 /data/zero | wc -c", "-v", "\(path):/data")
        #expect(refused.output == "0\n")
        #expect(refused.errors.contains("Permission denied"))
        #expect(engine.inside("head -c 4 /data/zero | wc -c", "-v", "\(path):/data:dev").output == "4\n")
    }

    @Test("idmap shows the host's root as the container's, and without it as nobody")
    func idMap() throws {
        let path = share("idmap", mode: 0o755)
        #expect(engine.inside("stat -c %u /data/file", "-v", "\(path):/data").output == "65534\n")
        let result = engine.inside("stat -c %u /data/file; echo x > /data/mine", "-v", "\(path):/data:idmap")
        #expect(result.output == "0\n", "\(result.errors)")
        #expect(owner("\(path)/mine") == 0)
    }

    @Test("a file is mounted on a file, and a target that the image lacks is made")
    func targets() {
        let path = share("targets")
        #expect(engine.inside("cat /etc/passwd", "-v", "\(path)/file:/etc/passwd").output == "hello\n")
        #expect(engine.inside("cat /new/deep/name", "-v", "\(path)/file:/new/deep/name:ro").output == "hello\n")
        #expect(engine.inside("cat /other/place/file", "-v", "\(path):/other/place").output == "hello\n")
    }

    @Test("a file of the caller goes over a generated one")
    func overGenerated() {
        let path = share("generated")
        #expect(engine.inside("cat /etc/hosts", "-v", "\(path)/file:/etc/hosts:ro").output == "hello\n")
    }

    @Test("--tmpfs is empty, of its size, and gone afterwards")
    func tmpfs() {
        let script = "ls -A /scratch | wc -l; stat -c %a /scratch; dd if=/dev/zero of=/scratch/x bs=1000 count=2000"
        let result = engine.inside(script, "--tmpfs", "/scratch:size=1m,mode=700")
        #expect(result.output == "0\n700\n")
        #expect(result.errors.contains("No space left on device"))
        #expect(options(of: "/scratch", "--tmpfs", "/scratch").isSuperset(of: ["nosuid", "nodev", "noexec"]))
        let keys = "type=tmpfs,dst=/scratch,tmpfs-size=1m,tmpfs-mode=1700"
        #expect(engine.inside("stat -c %a /scratch", "--mount", keys).output == "1700\n")
    }

    @Test("--shm-size is the size of /dev/shm, also beside the host's shared memory; it is 64 MiB without it")
    func sharedMemory() throws {
        #expect(options(of: "/dev/shm").contains("size=65536k"))
        #expect(
            options(of: "/dev/shm", "--shm-size", "1m").isSuperset(of: ["size=1024k", "nosuid", "nodev", "noexec"]))
        #expect(options(of: "/dev/shm", "--shm-size", "1m", "--ipc", "host").contains("size=1024k"))
        let full = engine.inside("dd if=/dev/zero of=/dev/shm/x bs=1000 count=2000", "--shm-size", "1m")
        #expect(full.status != 0 && full.errors.contains("No space left on device"), "\(full.errors)")
        try engine.withContainer(["--shm-size=128m"]) { id in
            #expect(engine.run("inspect", "-f", "{{.HostConfig.ShmSize}} {{len .Mounts}}", id).text == "134217728 0")
        }
        let hidden = engine.run("run", "--rm", "--shm-size", "1m", "--tmpfs", "/dev/shm", "BusyBox", "true")
        #expect(hidden.status == 125)
        #expect(
            hidden.errors.contains("--shm-size is of the engine's /dev/shm, and another mount lies over it"),
            "\(hidden.errors)")
        let explained = engine.run("explain", "--shm-size", "2m", "BusyBox", "true")
        #expect(explained.output.contains("tmpfs (mode=1777,size=2097152) at /dev/shm"), "\(explained.output)")
    }

    @Test("--read-only keeps the root as it is, and what was made for writing stays writable")
    func readOnlyRoot() {
        let script =
            "touch /x; touch /etc/x; for f in hosts hostname resolv.conf; do echo >>/etc/$f; done; touch /dev/shm/ok && touch /tmp/ok && echo fine"
        let result = engine.inside(script, "--read-only", "--tmpfs", "/tmp")
        #expect(result.output == "fine\n")
        #expect(result.errors.split(separator: "\n").count { $0.contains("Read-only file system") } == 5)
        #expect(engine.inside("touch /x && echo fine").output == "fine\n")
    }

    @Test("two containers of one image do not see each other's changes")
    func ownLayers() throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "sh", "-c", "echo mine > /etc/motd; rm /etc/passwd").status == 0)
            #expect(engine.inside("cat /etc/motd; ls /etc/passwd").text == "/etc/passwd")
        }
    }

    @Test("a mount does not travel back to the host")
    func propagation() throws {
        let path = share("propagation")
        try engine.withContainer(["--privileged", "-v", "\(path):/data"]) { id in
            let mounted = engine.run(
                "exec", "--privileged", id, "sh", "-c", "mkdir /data/in && mount -t tmpfs none /data/in")
            #expect(mounted.status == 0, "\(mounted.errors)")
            // Others may mount meanwhile: only what lies here counts.
            #expect(textOfFile("/proc/self/mountinfo")?.contains(path) == false)
        }
    }
}

/// The owner of a file of the host.
func owner(_ path: String) -> UInt32? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_uid : nil
}
