import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The OCI runtime: what a configuration asks for holds inside", .needsHost)
struct OCIRuntimeConfigurationTests {
    /// Runs a shell script in a container of the bundle.
    private func shell(_ script: String, _ bundle: RuntimeBundle) -> CommandResult {
        bundle["process", "args"] = ["sh", "-c", script]
        return bundle.run("run", "a")
    }

    @Test("user, groups, umask, environment, working folder, limits and host name")
    func process() {
        let bundle = RuntimeBundle()
        bundle["process", "user"] = ["uid": 1000, "gid": 1001, "additionalGids": [5, 6], "umask": 0o027]
        bundle["process", "env"] = ["PATH=/bin", "A=1"]
        bundle["process", "cwd"] = "/made/here"
        bundle["process", "rlimits"] = [["type": "RLIMIT_NOFILE", "soft": 300, "hard": 400]]
        bundle["process", "oomScoreAdj"] = 321
        bundle["hostname"] = "some-name"
        bundle["root", "readonly"] = false
        let script =
            "id -u; id -g; id -G; umask; echo $A $HOME; pwd; ulimit -n; ulimit -Hn; hostname; cat /proc/self/oom_score_adj"
        let result = shell(script, bundle)
        #expect(
            result.output == "1000\n1001\n1001 5 6\n0027\n1 /\n/made/here\n300\n400\nsome-name\n321\n", "\(result)")
    }

    @Test("capabilities of all five sets; one that cannot be granted is a warning")
    func capabilities() {
        let bundle = RuntimeBundle()
        let names = ["CAP_KILL", "CAP_CHOWN", "CAP_NO_SUCH"]
        for set in ["bounding", "effective", "permitted", "inheritable", "ambient"] {
            bundle["process", "capabilities", set] = names
        }
        let result = shell("grep Cap /proc/self/status | cut -f2 | sort -u", bundle)
        #expect(result.output == "0000000000000021\n", "\(result)")
        #expect(result.errors.contains("CAP_NO_SUCH is not known"))
        bundle["process", "capabilities", "bounding"] = ["TEST_CAP"]
        let wrong = bundle.run("run", "a")
        #expect(wrong.status == 1 && wrong.errors.contains("process.capabilities.bounding"), "\(wrong.errors)")
    }

    @Test("mounts by their options, in their order; recursive ones hold below, others do not")
    func mounts() {
        let bundle = RuntimeBundle()
        _ = bundle.folder.makeFolder("source/below")
        _ = bundle.folder.write("text", to: "source/file")
        var mounts = bundle["mounts"] as? [[String: Any]] ?? []
        mounts.append(["destination": "/ro", "type": "none", "source": "../source", "options": ["rbind", "ro"]])
        mounts.append([
            "destination": "/rro", "type": "none", "source": "../source", "options": ["rbind", "rro", "rnosuid"],
        ])
        mounts.append([
            "destination": "/t", "type": "tmpfs", "source": "name", "options": ["size=1m", "mode=1777", "noexec"],
        ])
        mounts.append(["destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]])
        bundle["mounts"] = mounts
        _ = bundle.folder.write("kept", to: "bundle/rootfs/etc/under", mode: 0o640)
        let result = shell(
            "cat /ro/file; echo; cat /etc/under; echo; stat -c %a /etc/under; touch /ro/x; touch /rro/x; "
                + "grep -E ' /(ro|rro|t) ' /proc/self/mountinfo | cut -d' ' -f5,6; grep -c ' - tmpfs name ' /proc/self/mountinfo",
            bundle)
        #expect(
            result.output == """
                text
                kept
                640
                /ro ro,relatime
                /rro ro,nosuid,relatime
                /t rw,noexec,relatime
                1

                """, "\(result)")
        #expect(result.errors.contains("/ro/x: Read-only") && result.errors.contains("/rro/x: Read-only"))
    }

    @Test("devices of the configuration and those of every container, also without a file system for /dev")
    func devices() {
        let bundle = RuntimeBundle()
        bundle["linux", "devices"] = [
            ["path": "/dev/own", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 7, "gid": 8],
            ["path": "/dev/pipe", "type": "p", "fileMode": 0o600],
            // Of callers that hand on every device of the host.
            ["path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2],
        ]
        let script =
            "stat -c '%F %t:%T %a %u:%g' /dev/own /dev/pipe /dev/null /dev/full; readlink /dev/stdin; readlink /dev/ptmx"
        let expected = """
            character special file 1:3 640 7:8
            fifo 0:0 600 0:0
            character special file 1:3 666 0:0
            character special file 1:7 666 0:0
            /proc/self/fd/0
            pts/ptmx

            """
        #expect(shell(script, bundle).output == expected)
        bundle["mounts"] = [["destination": "/proc", "type": "proc", "source": "proc"]]
        bundle["root", "readonly"] = false
        bundle["linux", "maskedPaths"] = nil
        bundle["linux", "readonlyPaths"] = nil
        let result = shell(script, bundle)
        #expect(result.output == expected, "\(result)")
    }

    @Test("masked and read-only paths, sysctls of own namespaces; those of the host are refused")
    func kernelSurface() {
        let bundle = RuntimeBundle()
        bundle["linux", "sysctl"] = ["net.ipv4.ip_forward": "1", "kernel.shmmni": "1234"]
        let script =
            "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni; cat /proc/keys | wc -c; echo 9 > /proc/sys/kernel/shmmni"
        let result = shell(script, bundle)
        #expect(result.output == "1\n1234\n0\n" && result.errors.contains("Read-only"), "\(result)")
        for name in ["kernel.core_pattern", "net/ipv4/ip_forward", "a+b"] {
            bundle["linux", "sysctl"] = [name: "1"]
            let refused = bundle.run("run", "a")
            #expect(refused.status == 1 && refused.errors.contains(name), "\(refused.errors)")
        }
        bundle["linux", "sysctl"] = ["net.ipv4.ip_forward": "1"]
        let all = bundle["linux", "namespaces"] as? [[String: Any]] ?? []
        let others = all.filter { $0["type"] as? String != "network" }
        for namespaces in [others, others + [["type": "network", "path": "/proc/self/ns/net"]]] {
            bundle["linux", "namespaces"] = namespaces
            let refused = bundle.run("run", "a")
            #expect(refused.status == 1 && refused.errors.contains("network namespace"), "\(refused.errors)")
        }
    }

    @Test("a user namespace maps ids, and devices work in it")
    func userNamespace() {
        let bundle = RuntimeBundle()
        bundle["linux", "namespaces"] = (bundle["linux", "namespaces"] as? [[String: Any]] ?? []) + [["type": "user"]]
        let map = [["containerID": 0, "hostID": 100_000, "size": 65_536]]
        bundle["linux", "uidMappings"] = map
        bundle["linux", "gidMappings"] = map
        let result = shell("id -u; tr -s ' ' < /proc/self/uid_map; echo x > /dev/null && echo written", bundle)
        #expect(result.output == "0\n 0 100000 65536\nwritten\n", "\(result)")
    }

    @Test("seccomp by name, argument and error number")
    func seccomp() {
        let bundle = RuntimeBundle()
        bundle["linux", "seccomp"] = [
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [["names": ["getcwd"], "action": "SCMP_ACT_ERRNO", "errnoRet": 88]],
        ]
        let first = shell("cd /tmp; /bin/pwd", bundle)
        #expect(first.errors.contains("Socket operation on non-socket"), "\(first)")
        // A profile that differs in that number only is another one.
        bundle["linux", "seccomp"] = [
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [["names": ["getcwd"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13]],
        ]
        #expect(bundle.run("run", "a").errors.contains("Permission denied"))
    }

    @Test("scheduler, priority of disks, personality")
    func attributes() {
        let bundle = RuntimeBundle()
        bundle["process", "scheduler"] = ["policy": "SCHED_BATCH", "nice": 7]
        bundle["process", "ioPriority"] = ["class": "IOPRIO_CLASS_IDLE"]
        bundle["linux", "personality"] = ["domain": "LINUX32"]
        let result = shell("cut -d' ' -f19,41 /proc/self/stat; ionice; uname -m", bundle)
        #expect(result.output == "7 3\nidle\ni686\n", "\(result)")
    }

    @Test("what cannot be enforced is refused by its name")
    func refused() {
        let cases: [([String: Any], [String], String)] = [
            (["mountLabel": "x"], ["linux"], "linux.mountLabel"),
            (["intelRdt": ["closID": "x"]], ["linux"], "linux.intelRdt"),
            (["selinuxLabel": "x"], ["process"], "process.selinuxLabel"),
            (["rlimits": [["type": "RLIMIT_TEST", "soft": 1, "hard": 1]]], ["process"], "RLIMIT_TEST"),
            (["cwd": "relative"], ["process"], "cwd"),
            (["rootfsPropagation": "sideways"], ["linux"], "linux.rootfsPropagation"),
        ]
        for (members, place, text) in cases {
            let bundle = RuntimeBundle()
            var part = bundle.config[place[0]] as? [String: Any] ?? [:]
            part.merge(members) { $1 }
            bundle.config[place[0]] = part
            let result = bundle.run("run", "a")
            #expect(result.status == 1 && result.errors.contains(text), "\(text): \(result.errors)")
            #expect(bundle.run("list", "-q").output == "")
        }
        let bundle = RuntimeBundle()
        bundle["unknownProperty"] = ["ignored": true]
        #expect(bundle.run("run", "a").status == 0, "an unknown property is ignored (config.md, Extensibility)")
    }

    @Test("a command that is not there is told at create, with the words that callers look for")
    func noCommand() {
        let bundle = RuntimeBundle(["nosuch"])
        #expect(bundle.create("a").status == 1)
        #expect(bundle.output.contains("executable file not found in $PATH"), "\(bundle.output)")
        for (command, words) in [("/etc", "permission denied"), ("/nosuch", "no such file or directory")] {
            bundle["process", "args"] = [command]
            #expect(bundle.create("a").status == 1)
            #expect(bundle.output.contains(command) && bundle.output.contains(words), "\(bundle.output)")
        }
        #expect(bundle.run("list", "-q").output == "")
        bundle["process"] = nil
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        let start = bundle.run("start", "a")
        #expect(start.status == 1 && start.errors.contains("no process"))
    }
}
