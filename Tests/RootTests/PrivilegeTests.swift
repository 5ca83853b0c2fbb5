import Glibc
import TestSupport
import Testing

@Suite("What a container may do, and how that is widened", .needsHost, .engine)
struct PrivilegeTests: EngineSuite {
    private func status(_ field: String, _ options: String...) -> String {
        let result = engine.run(["run", "--rm"] + options + ["BusyBox", "grep", "^\(field):", "/proc/self/status"])
        return String(result.text.drop { $0 != "\t" }.dropFirst())
    }

    private func bits(_ field: String, _ options: [String] = []) -> UInt64? {
        let result = engine.run(["run", "--rm"] + options + ["BusyBox", "grep", "^\(field):", "/proc/self/status"])
        return result.text.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
    }

    // capability.h: CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, SETPCAP 8,
    // NET_BIND_SERVICE 10, SYS_CHROOT 18, SETFCAP 31.
    private static let defaults: UInt64 = [0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31].reduce(0) { $0 | 1 << UInt64($1) }
    private static let networkAdministration: UInt64 = 1 << 12

    @Test("eleven capabilities are there by default, and no process can get more")
    func capabilities() {
        for field in ["CapPrm", "CapEff", "CapBnd"] { #expect(bits(field) == Self.defaults, "\(field)") }
    }

    @Test("--cap-drop and --cap-add take away and give")
    func changed() {
        #expect(bits("CapEff", ["--cap-drop", "ALL"]) == 0)
        #expect(bits("CapBnd", ["--cap-drop", "ALL", "--cap-add", "CHOWN"]) == 1)
        #expect(bits("CapEff", ["--cap-add", "NET_ADMIN"]) == Self.defaults | Self.networkAdministration)
        #expect(
            bits("CapEff", ["--cap-add", "cap_net_admin", "--cap-drop", "chown"]) == Self.defaults & ~1
                | Self.networkAdministration)
    }

    @Test("a capability does what it is for, and without it the kernel refuses")
    func effect() {
        let script = "ip link set lo down && echo down"
        #expect(engine.inside(script, "--cap-add", "NET_ADMIN").output == "down\n")
        let refused = engine.inside(script)
        #expect(refused.output == "")
        #expect(refused.errors.contains("Operation not permitted"))
    }

    @Test("--privileged gives every capability, no filter, no masks and a writable /sys")
    func privileged() {
        #expect((bits("CapEff", ["--privileged"]) ?? 0).nonzeroBitCount > 36)
        #expect(status("Seccomp", "--privileged") == "0")
        let script = "mount -t tmpfs none /mnt && echo mounted; head -c 1 /proc/interrupts | wc -c"
        #expect(engine.inside("mkdir -p /mnt; \(script)", "--privileged").output == "mounted\n1\n")
        let ordinary = engine.inside("mkdir -p /mnt; \(script)")
        #expect(ordinary.output == "0\n")
        #expect(ordinary.errors.contains("mount"))
    }

    @Test("--cap-drop takes away from --privileged, too: for what exec starts, and as explain and inspect say it")
    func privilegedWithout() throws {
        let all = try #require(bits("CapBnd", ["--privileged"]))
        // SYS_ADMIN is 21.
        let left = all & ~(1 | 1 << 21)
        let options = ["--privileged", "--cap-drop", "CHOWN", "--cap-drop", "sys_admin"]
        for field in ["CapPrm", "CapEff", "CapBnd"] { #expect(bits(field, options) == left, "\(field)") }
        #expect(bits("CapBnd", ["--privileged", "--cap-drop", "ALL"]) == 0)
        #expect(bits("CapBnd", ["--privileged", "--cap-drop", "ALL", "--cap-add", "NET_ADMIN"]) == 1 << 12)
        #expect(bits("CapBnd", options + ["--userns", "host"]).map { $0 & (1 | 1 << 21) } == 0)
        #expect(
            engine.inside("mkdir -p /mnt; mount -t tmpfs none /mnt && echo mounted", "--privileged").text == "mounted")
        let refused = engine.run(
            ["run", "--rm"] + options + [
                "BusyBox", "sh", "-c", "mkdir -p /mnt; mount -t tmpfs none /mnt && echo mounted",
            ])
        #expect(refused.output == "" && refused.errors.contains("mount"), "\(refused.errors)")

        let plan = engine.run(["explain", "--format", "json"] + options + ["BusyBox", "true"])
        #expect(plan.output.contains("CAP_SYS_PTRACE") && !plan.output.contains("CAP_SYS_ADMIN"), "\(plan.errors)")
        try engine.withContainer(options) { id in
            func entered(_ options: String...) -> [String] {
                engine.run(["exec"] + options + [id, "grep", "-E", "^Cap(Prm|Eff|Bnd):", "/proc/self/status"]).lines
                    .compactMap { $0.split(separator: "\t").last.map(String.init) }
            }
            func digits(_ bits: UInt64) -> String {
                let text = String(bits, radix: 16)
                return String(repeating: "0", count: 16 - text.utf8.count) + text
            }
            #expect(entered() == [digits(left), digits(left), digits(left)])
            #expect(entered("--privileged") == [digits(all), digits(all), digits(all)])
            let facts = try engine.json("inspect", "--isolation", "--format", "json", id)[0]["Facts"].array
            let fact = try #require(facts.first { $0["Name"].text == "capabilities" })
            let words = try #require(fact["Asked"].text).split(separator: " ")
            #expect(words.contains("SYS_PTRACE") && !words.contains("SYS_ADMIN") && !words.contains("CHOWN"))
            #expect(fact["Actual"].text == fact["Asked"].text)
            let sets = try engine.inspect(id)["OCI"]["process"]["capabilities"]["bounding"].texts
            #expect(sets.contains("CAP_SYS_PTRACE") && !sets.contains("CAP_SYS_ADMIN") && !sets.contains("CAP_CHOWN"))
        }
    }

    @Test("the system call filter is on, unless it is asked away")
    func filter() {
        #expect(status("Seccomp") == "2")
        #expect(status("Seccomp", "--security-opt", "seccomp=unconfined") == "0")
    }

    @Test("a profile in the OCI form replaces the default")
    func profile() {
        let text = """
            {"defaultAction": "SCMP_ACT_ALLOW",
             "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 122}]}
            """
        let file = engine.folder.write(text, to: "profile.json")
        let result = engine.inside("mkdir /x; touch /y && echo fine", "--security-opt", "seccomp=\(file)")
        // 122 is EDQUOT, which nothing else here gives.
        #expect(
            result.errors.contains("Disk quota exceeded") || result.errors.contains("Quota exceeded"),
            "\(result.errors)")
        #expect(result.output == "fine\n")
        #expect(engine.inside("mkdir /x && echo fine").output == "fine\n")
    }

    @Test(
        "a process that its profile ends before the command runs is a failed start, told with the signal",
        arguments: [[], ["--init"], ["--security-opt", "no-new-privileges=false"]])
    func deadlyProfile(options: [String]) {
        let text = """
            {"defaultAction": "SCMP_ACT_ALLOW",
             "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_KILL_PROCESS"}]}
            """
        let file = engine.folder.write(text, to: "deadly-\(options.count).json")
        let result = engine.run(
            ["run", "--rm"] + options + ["--security-opt", "seccomp=\(file)", "BusyBox", "true"])
        #expect(result.status == 125)
        #expect(result.errors.contains("was ended by SIGSYS before its command ran"), "\(result.errors)")
        #expect(result.errors.contains("hint: the seccomp profile"), "\(result.errors)")
    }

    @Test("a command that ends at once by a signal has started all the same", arguments: [[], ["--init"]])
    func deadlyCommand(options: [String]) {
        // As process 1 it would be safe from its own signal, but for the fault.
        let result = engine.run(["run", "--rm"] + options + ["BusyBox", "sh", "-c", "kill -SEGV $$"])
        #expect(result.status == (options.isEmpty ? 0 : 139), "\(result.errors)")
        #expect(result.errors.isEmpty)
    }

    @Test("a profile that is none is an error", arguments: ["{", "[]", #"{"defaultAction": "SCMP_ACT_NONSENSE"}"#])
    func badProfile(text: String) {
        let file = engine.folder.write(text, to: "bad-\(text.utf8.count).json")
        let result = engine.inside("true", "--security-opt", "seccomp=\(file)")
        #expect(result.status == 125)
        #expect(result.errors.hasPrefix("cfs: "))
    }

    @Test(
        "a set-uid program gives nothing, unless no-new-privileges is off",
        .enabled(if: ProbeProgram.built != nil, Comment(rawValue: ProbeProgram.missing)))
    func setUserID() throws {
        let image = try HostileImage(engine, "setuid")
        try image.change("cp \(ProbeProgram.built?.path ?? "") bin/probe; chmod 4755 bin/probe")
        try image.importing()
        #expect(engine.run("run", "--rm", "-u", "1000", "setuid", "probe", "ids").output == "1000 1000\n")
        let relaxed = engine.run(
            "run", "--rm", "-u", "1000", "--security-opt", "no-new-privileges=false", "setuid", "probe", "ids")
        #expect(relaxed.output == "1000 0\n")
        #expect(status("NoNewPrivs") == "1")
        #expect(status("NoNewPrivs", "--security-opt", "no-new-privileges=false") == "0")
    }

    @Test("--device gives a device of the host under a name of the caller's choice")
    func device() {
        let script = "head -c 4 /dev/blank | wc -c; stat -c %F /dev/deep/full"
        let result = engine.inside(
            script, "--device", "/dev/zero:/dev/blank", "--device", "/dev/full:/dev/deep/full:rw")
        #expect(result.output == "4\ncharacter special file\n", "\(result.errors)")
        #expect(engine.inside("ls /dev/blank").status != 0)
        let missing = engine.run("run", "--rm", "--device", "/dev/no-such-device", "BusyBox", "true")
        #expect(missing.status == 125)
        #expect(missing.errors.contains("there is no device /dev/no-such-device"))
    }

    @Test("--sysctl sets what a namespace keeps apart, and the host keeps its own")
    func sysctl() {
        let before = textOfFile("/proc/sys/net/core/somaxconn")
        let script = "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/shmmni"
        #expect(
            engine.inside(script, "--sysctl", "net.core.somaxconn=77", "--sysctl", "kernel.shmmni=99").output
                == "77\n99\n")
        #expect(textOfFile("/proc/sys/net/core/somaxconn") == before)
    }

    @Test("the host name is a parameter where there is no user namespace")
    func hostname() {
        let result = engine.inside("hostname", "--userns", "host", "--sysctl", "kernel.hostname=renamed")
        #expect(result.output == "renamed\n", "\(result.errors)")
    }

    @Test("who may not lower the score of the OOM killer hears which capability is missing")
    func oomScore() {
        let result = engine.host(
            "setpriv --bounding-set -sys_resource $CFS run --rm --oom-score-adj -1000 BusyBox true")
        #expect(result.status == 125)
        #expect(result.errors.contains("lowering it needs CAP_SYS_RESOURCE"), "\(result.errors)")
        #expect(result.errors.contains("hint: choose a higher --oom-score-adj"))
    }

    // CVE-2022-0811 and kin.
    @Test(
        "a sysctl that would change the host is refused",
        arguments: [
            (["kernel.core_pattern=|/evil"], "not namespaced"), (["kernel.panic=1"], "not namespaced"),
            (["vm.overcommit_memory=1"], "not namespaced"), (["fs.file-max=1"], "not namespaced"),
            (["net.core.somaxconn+kernel.core_pattern=1"], "not the name of a sysctl"),
            (["net/../kernel/core_pattern=1"], "not the name of a sysctl"),
            (["net..ipv4=1"], "not the name of a sysctl"),
            (["net.core.somaxconn=1", "--network", "host"], "network namespace"),
            (["kernel.shmmax=1", "--ipc", "host"], "ipc namespace"),
            (["net.no.such=1"], "no sysctl net.no.such"),
            (["kernel.hostname=x"], "cannot be written in a user namespace"),
            (["kernel.hostname=x", "--uts", "host"], "uts namespace"),
        ])
    func refusedSysctl(options: [String], text: String) {
        let pattern = textOfFile("/proc/sys/kernel/core_pattern")
        let result = engine.run(["run", "--rm", "--sysctl"] + options + ["BusyBox", "true"])
        #expect(result.status == 125)
        #expect(result.errors.contains(text), "\(result.errors)")
        #expect(textOfFile("/proc/sys/kernel/core_pattern") == pattern)
    }
}
