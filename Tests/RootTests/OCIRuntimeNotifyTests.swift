import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The OCI runtime: calls that somebody outside decides about", .needsHost)
struct OCIRuntimeNotifyTests {
    /// A bundle whose calls of these names are held up for an agent.
    private static func bundle(_ command: [String], holding calls: [String] = ["mkdir", "mkdirat"]) -> RuntimeBundle {
        let bundle = RuntimeBundle(command)
        bundle["root", "readonly"] = false
        bundle["linux", "seccomp"] = [
            "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": bundle.folder("agent.sock"),
            "listenerMetadata": "who=test", "syscalls": [["names": calls, "action": "SCMP_ACT_NOTIFY"]],
        ]
        return bundle
    }

    private static let folders =
        "mkdir /tmp/denied; mkdir /tmp/faked && echo faked; ls -d /tmp/faked; mkdir /tmp/plain && ls -d /tmp/plain"

    private static func expectAnswered(_ result: CommandResult) {
        #expect(result.output == "faked\n/tmp/plain\n", "\(result)")
        #expect(result.errors.contains("'/tmp/denied': Operation not permitted"), "\(result)")
        #expect(result.errors.contains("/tmp/faked: No such file"), "\(result)")
    }

    private static func containers(_ bundle: RuntimeBundle) -> [String] {
        namesInFolder(bundle.root).filter { $0 != ".seccomp" }
    }

    @Test(
        "an agent refuses a call, says that one was made, and lets one go on, in a container and in a further process",
        arguments: [true, false], [true, false])
    func answers(noNewPrivileges: Bool, inUserNamespace: Bool) {
        let bundle = Self.bundle(["sh", "-c", Self.folders])
        let agent = NotifyAgent(bundle)
        bundle["process", "noNewPrivileges"] = noNewPrivileges
        if inUserNamespace {
            let all = bundle["linux", "namespaces"] as? [[String: Any]] ?? []
            bundle["linux", "namespaces"] = all + [["type": "user"]]
            let map = [["containerID": 0, "hostID": 0, "size": 65_536]]
            bundle["linux", "uidMappings"] = map
            bundle["linux", "gidMappings"] = map
        }
        Self.expectAnswered(bundle.run("run", "a"))
        #expect(agent.hasStates(1))
        rmdir("\(bundle.rootfs)/tmp/plain")
        bundle["process", "args"] = ["sleep", "1000"]
        #expect(bundle.create("b").status == 0, "\(bundle.output)")
        #expect(bundle.run("start", "b").status == 0)
        Self.expectAnswered(bundle.run("exec", "b", "sh", "-c", Self.folders))
    }

    @Test("an agent is told of the process and of its container, once by each connection")
    func states() throws {
        let bundle = Self.bundle(["sleep", "1000"])
        bundle["annotations"] = ["key": "value"]
        let agent = NotifyAgent(bundle)
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        #expect(agent.states.isEmpty)
        #expect(bundle.run("start", "a").status == 0)
        #expect(agent.hasStates(1))
        let number = bundle.folder("number")
        #expect(bundle.run("exec", "--detach", "--pid-file", number, "a", "sleep", "1000").status == 0)
        #expect(agent.hasStates(2))
        let pid = try #require(bundle.state("a")["pid"].number)
        let further = try #require(textOfFile(number).flatMap { Double($0) })
        #expect(pid != further && agent.states.count == 2)
        for (index, expected) in [(pid, "created"), (further, "running")].enumerated() {
            let (descriptors, state) = agent.states[index]
            #expect(descriptors == 1 && state["fds"].texts == ["seccompFd"] && state["fds"].array.count == 1)
            #expect(state["ociVersion"].text == "1.3.0" && state["metadata"].text == "who=test")
            #expect(state["pid"].number == expected.0)
            let container = state["state"]
            #expect(container["id"].text == "a" && container["status"].text == expected.1)
            #expect(container["pid"].number == pid && container["bundle"].text == bundle.folder("bundle"))
            #expect(container["annotations"]["key"].text == "value" && container["ociVersion"].text != nil)
        }
        // One without metadata has no such member.
        bundle["linux", "seccomp", "listenerMetadata"] = nil
        #expect(bundle.run("run", "--detach", "b").status == 0)
        #expect(agent.hasStates(3))
        #expect(!agent.states[2].state.names.contains("metadata"))
    }

    @Test("a start goes through also when almost every call is held up", arguments: [true, false])
    func everything(noNewPrivileges: Bool) {
        let bundle = Self.bundle(
            ["sh", "-c", "echo up"],
            holding: [
                "execve", "open", "openat", "read", "close", "write", "writev", "fcntl", "dup2", "mmap", "munmap",
                "mprotect",
                "brk", "futex", "prctl", "capget", "capset", "close_range", "rt_sigaction", "rt_sigprocmask", "poll",
                "getcwd", "exit_group", "arch_prctl", "set_tid_address", "sendto", "recvmsg", "wait4", "getpid",
            ])
        bundle["process", "noNewPrivileges"] = noNewPrivileges
        let agent = NotifyAgent(bundle)
        let result = bundle.run("run", "a")
        #expect(result.status == 0 && result.output == "up\n", "\(result)")
        #expect(agent.hasStates(1))
        bundle["process", "args"] = ["sleep", "1000"]
        #expect(bundle.run("run", "--detach", "b").status == 0)
        #expect(bundle.run("exec", "b", "echo", "further").output == "further\n")
    }

    @Test("nobody but the agent has the descriptor once the command runs")
    func descriptors() throws {
        let bundle = Self.bundle(["sh", "-c", "ls -l /proc/1/fd; echo up; sleep 1000"])
        func has(_ pid: Int32) -> Bool {
            let folder = "/proc/\(pid)/fd"
            return namesInFolder(folder).contains { textOfLink("\(folder)/\($0)")?.contains("seccomp notify") == true }
        }
        let agent = NotifyAgent(bundle)
        let container = bundle.start(["run", "a"])
        #expect(container.waitForOutput("up\n"))
        #expect(!container.outputSoFar.contains("seccomp"), "\(container.outputSoFar)")
        #expect(has(agent.process.pid))
        #expect(!has(Int32(try #require(bundle.state("a")["pid"].number))))
        #expect(!has(container.pid))
        let further = bundle.start(["exec", "a", "sh", "-c", "ls -l /proc/$$/fd; echo up; sleep 1000"])
        #expect(further.waitForOutput("up\n"))
        #expect(!further.outputSoFar.contains("seccomp"), "\(further.outputSoFar)")
        #expect(!has(further.pid))
        bundle.run("kill", "a", "KILL")
    }

    @Test("a socket that nobody has is an error that names it, and nothing is left")
    func missing() {
        let bundle = Self.bundle(["sh", "-c", "echo ran"])
        let path = bundle.folder("agent.sock")
        func expectRefused(_ why: String) {
            for result in [bundle.run("run", "a"), bundle.run("run", "--detach", "a")] {
                #expect(result.status == 1 && result.output == "", "\(why): \(result)")
                #expect(
                    result.errors.contains("seccomp.listenerPath") && result.errors.contains(path), "\(why): \(result)")
                #expect(Self.containers(bundle).isEmpty)
            }
            #expect(bundle.create("a").status == 1 && bundle.output.contains(path), "\(why): \(bundle.output)")
            #expect(Self.containers(bundle).isEmpty)
        }
        expectRefused("nothing is there")
        _ = bundle.folder.write("", to: "agent.sock")
        expectRefused("a file")
        NotifyAgent(bundle).end()
        #expect(access(path, F_OK) == 0)
        expectRefused("an agent that has ended")
    }

    @Test("an agent that is gone holds up a start and a further process, not the container")
    func gone() {
        let bundle = Self.bundle(["sleep", "1000"])
        let first = NotifyAgent(bundle)
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        first.end()
        let early = bundle.run("start", "a")
        #expect(early.status == 1 && early.errors.contains(first.path), "\(early)")
        #expect(bundle.status("a") == "created")
        let second = NotifyAgent(bundle)
        #expect(bundle.run("start", "a").status == 0)
        #expect(second.hasStates(1))
        second.end()
        let late = bundle.run("exec", "a", "echo", "ran")
        #expect(late.status == 255 && late.output == "" && late.errors.contains(second.path), "\(late)")
        #expect(bundle.status("a") == "running")
    }

    @Test("the command does not run before the agent has the descriptor")
    func deaf() {
        let bundle = Self.bundle(["sh", "-c", "echo ran > /tmp/ran"])
        let deaf = NotifyAgent(bundle, .deaf)
        let marker = "\(bundle.rootfs)/tmp/ran"
        for result in [bundle.run("run", "a"), bundle.run("run", "--detach", "a")] {
            #expect(result.status == 1 && result.errors.contains(deaf.path), "\(result)")
            #expect(Self.containers(bundle).isEmpty && access(marker, F_OK) != 0)
        }
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        let started = bundle.run("start", "a")
        #expect(started.status == 1 && started.errors.contains(deaf.path), "\(started)")
        #expect(eventually { bundle.status("a") == "stopped" })
        #expect(access(marker, F_OK) != 0)
        #expect(bundle.run("delete", "a").status == 0 && Self.containers(bundle).isEmpty)
        deaf.end()

        bundle["process", "args"] = ["sleep", "1000"]
        let once = NotifyAgent(bundle, .once)
        #expect(bundle.run("run", "--detach", "b").status == 0)
        #expect(once.process.waitForOutput("deaf\n"))
        let further = bundle.run("exec", "b", "sh", "-c", "echo ran > /tmp/ran")
        #expect(further.status == 255 && further.errors.contains(once.path), "\(further)")
        #expect(access(marker, F_OK) != 0 && bundle.status("b") == "running")
    }

    @Test("the end of the agent ends the waiting, of a start too")
    func leaving() {
        let bundle = Self.bundle(["mkdir", "/tmp/new"])
        let agent = NotifyAgent(bundle, .leaving)
        let result = bundle.run("run", "a")
        #expect(agent.hasStates(1))
        #expect(result.errors.contains("Function not implemented") && !result.timedOut, "\(result)")

        let held = Self.bundle(["echo", "ran"], holding: ["execve", "mkdir"])
        let other = NotifyAgent(held, .leaving)
        let start = held.run("run", "a")
        #expect(other.hasStates(1))
        #expect(start.status == 1 && start.output == "" && !start.timedOut, "\(start)")
        #expect(Self.containers(held).isEmpty)
    }

    @Test("a listener that no rule needs is ignored; one that is needed, and how it is reached, must be given")
    func configuration() {
        let bundle = Self.bundle(["sh", "-c", "mkdir /tmp/new && echo made"])
        bundle["linux", "seccomp", "syscalls"] = nil
        #expect(bundle.run("run", "a").output == "made\n")
        let wrong: [(String, [String: Any])] = [
            ("seccomp.listenerPath", ["listenerPath": ""]),
            ("seccomp.listenerPath", ["listenerPath": "agent.sock"]),
            ("seccomp.listenerMetadata", ["listenerMetadata": "x"]),
            ("seccomp.defaultAction", ["defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/agent"]),
            (
                "must allow sendmsg",
                ["listenerPath": "/agent", "syscalls": [["names": ["sendmsg"], "action": "SCMP_ACT_NOTIFY"]]]
            ),
        ]
        for (message, members) in wrong {
            var filter: [String: Any] = [
                "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [["names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"]],
            ]
            filter.merge(members) { $1 }
            bundle["linux", "seccomp"] = filter
            let result = bundle.run("run", "a")
            #expect(result.status == 1 && result.errors.contains(message), "\(members): \(result)")
            #expect(Self.containers(bundle).isEmpty)
        }
    }
}
