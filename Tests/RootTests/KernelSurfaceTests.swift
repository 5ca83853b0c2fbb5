import Glibc
import TestSupport
import Testing

@Suite("What a container sees of the kernel", .needsHost, .engine)
struct KernelSurfaceTests: EngineSuite {
    // The lists of the security page.
    private static let masked =
        [
            "acpi", "asound", "config.gz", "interrupts", "iomem", "ioports", "kallsyms", "kcore", "keys", "key-users",
            "kpagecgroup", "kpagecount", "kpageflags", "latency_stats", "mtrr", "pagetypeinfo", "sched_debug", "scsi",
            "slabinfo",
            "timer_list", "timer_stats", "vmallocinfo",
        ].map { "/proc/\($0)" }
        + [
            "firmware", "devices/virtual/powercap", "kernel/vmcoreinfo", "kernel/notes", "kernel/btf", "kernel/debug",
            "kernel/security", "module",
        ].map { "/sys/\($0)" }
    private static let readOnly = ["bus", "fs", "irq", "sys", "sysrq-trigger", "pressure"].map { "/proc/\($0)" }

    private static func here(_ paths: [String]) -> [String] { paths.filter { access($0, F_OK) == 0 } }

    @Test("files that tell of the machine are empty, folders have nothing in them")
    func masks() {
        let paths = Self.here(Self.masked)
        #expect(paths.count > 5)
        let script = paths.map { path in
            "if [ -d \(path) ]; then echo \(path) $(ls -A \(path) | wc -l); else echo \(path) $(head -c 1 \(path) | wc -c); fi"
        }.joined(separator: "; ")
        let result = engine.inside(script)
        #expect(result.lines == paths.map { "\($0) 0" }, "\(result.errors)")
        // And without the masks there is something to see.
        let open = engine.inside(script, "--privileged")
        #expect(open.lines.count { !$0.hasSuffix(" 0") } > 3, "\(open.output)")
    }

    @Test("a mask cannot be taken away or written to")
    func masksStay() {
        let script =
            "umount /proc/interrupts; mount --bind /proc /tmp; echo x > /proc/keys; rm -f /proc/keys; head -c 1 /proc/keys | wc -c"
        #expect(engine.inside(script).output == "0\n")
    }

    @Test("paths that steer the machine are read-only")
    func readOnlyPaths() {
        let paths = Self.here(Self.readOnly)
        #expect(!paths.isEmpty)
        let script = paths.map { "awk '$2 == \"\($0)\" { print $2, substr($4, 1, 2) }' /proc/self/mounts" }.joined(
            separator: "; ")
        #expect(engine.inside(script).lines == paths.map { "\($0) ro" })
    }

    @Test("a kernel setting that the container owns cannot be written, unless it is privileged")
    func settings() {
        let script = "echo 99 > /proc/sys/net/core/somaxconn && cat /proc/sys/net/core/somaxconn"
        let refused = engine.inside(script)
        #expect(refused.output == "")
        #expect(refused.errors.contains("Read-only file system"), "\(refused.errors)")
        #expect(engine.inside(script, "--privileged").output == "99\n")
    }

    @Test(
        "not even the host's root inside can pull the emergency switch or move the core dumps",
        arguments: [[], ["--userns", "host"]])
    func emergency(options: [String]) {
        let before = textOfFile("/proc/sys/kernel/core_pattern")
        let script =
            "echo '|/evil' > /proc/sys/kernel/core_pattern; echo h > /proc/sysrq-trigger; echo 1 > /proc/sys/vm/drop_caches"
        let result = engine.run(["run", "--rm"] + options + ["BusyBox", "sh", "-c", "\(script); true"])
        #expect(result.errors.split(separator: "\n").count == 3, "\(result.errors)")
        #expect(textOfFile("/proc/sys/kernel/core_pattern") == before)
    }

    @Test("mounted are the container's own file systems, and none of the host's")
    func mounts() {
        let result = engine.inside("awk '{ print $5 }' /proc/self/mountinfo")
        let own: Set<String> = [
            "/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup", "/etc/hosts",
            "/etc/hostname",
            "/etc/resolv.conf",
        ]
        let masks = Set(Self.here(Self.masked + Self.readOnly))
        #expect(Set(result.lines) == own.union(masks))
    }

    @Test(
        "/sys is read-only, and so is the cgroup: no process can leave it or make another",
        arguments: [[], ["--userns", "host"]])
    func cgroup(options: [String]) {
        let script = "mkdir /sys/fs/cgroup/x; echo $$ > /sys/fs/cgroup/cgroup.procs; touch /sys/x; true"
        let result = engine.run(["run", "--rm"] + options + ["BusyBox", "sh", "-c", script])
        let lines = result.errors.split(separator: "\n")
        #expect(
            lines.count == 3
                && lines.allSatisfy { $0.contains("Read-only file system") || $0.contains("Permission denied") },
            "\(result.errors)")
        #expect(lines.first?.contains("Read-only file system") == true)
    }

    @Test("without that protection the host's root inside makes a cgroup")
    func cgroupControl() {
        guard engine.cgroup != nil else { return }
        let script = "mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x && echo made"
        #expect(engine.inside(script, "--privileged", "--userns", "host").output == "made\n")
    }

    @Test("/dev has the usual devices and no other")
    func devices() {
        let expected = [
            "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
            "urandom", "zero",
        ]
        #expect(engine.inside("ls /dev").lines == expected)
        let numbers = "stat -c '%n %t:%T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty"
        #expect(
            engine.inside(numbers).lines == [
                "/dev/null 1:3", "/dev/zero 1:5", "/dev/full 1:7", "/dev/random 1:8", "/dev/urandom 1:9",
                "/dev/tty 5:0",
            ])
        let works =
            "head -c 2 /dev/zero | wc -c; head -c 2 /dev/urandom | wc -c; echo x > /dev/null; echo x > /dev/full"
        let result = engine.inside(works)
        #expect(result.output == "2\n2\n")
        #expect(result.errors.contains("No space left on device"))
    }

    @Test("a device cannot be made, whatever capability is asked for")
    func noNodes() {
        for options in [[], ["--cap-add", "MKNOD"], ["--cap-add", "ALL"]] {
            let script = "mknod /tmp/disk b 254 0; mknod /dev/disk b 254 0; ls /tmp/disk /dev/disk"
            let result = engine.run(["run", "--rm"] + options + ["BusyBox", "sh", "-c", script])
            #expect(result.output == "", "\(options)")
            #expect(result.errors.contains("Operation not permitted"), "\(result.errors)")
        }
    }

    @Test("no abstract socket of the host can be seen")
    func abstractSockets() {
        #expect(engine.inside("grep -c '@' /proc/net/unix").output == "0\n")
    }
}
