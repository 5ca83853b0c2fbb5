import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("The options of run")
struct ContainerOptionsTests {
    @Test("an image alone asks for the defaults")
    func plain() throws {
        #expect(try spec("TinyCore") == ContainerSpec(image: "TinyCore"))
    }

    @Test("the command is everything behind the image")
    func command() throws {
        let asked = try spec("-it", "--rm", "TinyCore", "sh", "-c", "echo --rm")
        #expect(asked.command == ["sh", "-c", "echo --rm"])
        #expect(asked.terminal && asked.interactive && asked.autoRemove)
    }

    @Test("identity and process")
    func process() throws {
        let asked = try spec(
            "--name", "web", "-h", "box", "-l", "a=b", "-l", "c", "-w", "/srv", "-u", "1:2", "--init", "--stop-signal",
            "SIGINT", "--umask", "027", "--oom-score-adj=-5", "--ulimit", "nofile=10:20", "--group-add", "audio",
            "--group-add=29", "--stop-timeout", "0", "image")
        #expect(asked.name == "web" && asked.hostname == "box")
        #expect(asked.labels == ["a": "b", "c": ""])
        #expect(asked.workingDirectory == "/srv" && asked.user == "1:2" && asked.initProcess)
        #expect(asked.stopSignal == 2 && asked.umask == 0o27 && asked.oomScoreAdjustment == -5)
        #expect(asked.additionalGroups == ["audio", "29"] && asked.stopTimeout == 0)
        #expect(asked.limits == [ResourceLimit(name: "nofile", soft: 10, hard: 20)])
    }

    @Test("an entry point replaces the image's, and an empty one removes it")
    func entrypoint() throws {
        #expect(try spec("image").entrypoint == nil)
        #expect(try spec("--entrypoint", "/bin/x", "image").entrypoint == ["/bin/x"])
        #expect(try spec("--entrypoint=", "image").entrypoint == [])
    }

    @Test("security and namespaces")
    func security() throws {
        let asked = try spec(
            "--cap-add", "NET_ADMIN", "--cap-drop=ALL", "--security-opt", "no-new-privileges", "--sysctl", "net.a=1",
            "--net", "host", "--pid", "container:web", "--userns", "/proc/1/ns/user", "image")
        #expect(asked.capabilitiesToAdd == ["NET_ADMIN"] && asked.capabilitiesToDrop == ["ALL"])
        #expect(asked.noNewPrivileges == true && asked.sysctls == ["net.a": "1"])
        #expect(asked.namespaces.network == .host && asked.namespaces.pid == .container("web"))
        #expect(asked.namespaces.user == .path("/proc/1/ns/user") && asked.namespaces.time == .private)
    }

    @Test("mounts keep the order of their kinds, and none hides another by its target")
    func mounts() throws {
        let asked = try spec("--tmpfs", "/t", "--mount", "type=bind,src=/m,dst=/m", "-v", "/v:/v", "image")
        #expect(asked.mounts.map(\.target) == ["/v", "/m", "/t"])
        #expect(try spec("--shm-size", "1.5g", "image").sharedMemorySize == ByteCount(3 << 29))
        let twice = failure { () throws(CFSError) in try spec("-v", "/a:/x", "--tmpfs", "/x", "image") }
        #expect(twice?.message == "two mounts have the target /x")
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ([], "missing expected argument '<image>'"), ([""], "the name of the image is empty"),
            (["-w", "srv", "i"], "the working directory \"srv\" is not an absolute path"),
            (["-u", "", "i"], "\"\" is not a user"), (["-u", "a:b:c", "i"], "\"a:b:c\" is not a user"),
            (["--group-add", "", "i"], "--group-add does not take \"\""),
            (["--group-add", "a,b", "i"], "--group-add does not take \"a,b\""),
            (["--group-add=a:b", "i"], "--group-add does not take \"a:b\""),
            (["--stop-timeout=-1", "i"], "--stop-timeout does not take \"-1\""),
            (["--stop-timeout", "86401", "i"], "--stop-timeout does not take \"86401\""),
            (["--stop-timeout", "10s", "i"], "--stop-timeout does not take \"10s\""),
            (["--stop-timeout=", "i"], "--stop-timeout does not take \"\""),
            (["--umask", "9", "i"], "\"9\" is not a file mode creation mask"),
            (["--umask", "1000", "i"], "\"1000\" is not a file mode creation mask"),
            (["--oom-score-adj", "1001", "i"], "--oom-score-adj does not take \"1001\""),
            (["--shm-size", "0", "i"], "--shm-size does not take \"0\""),
            (["--shm-size=-1", "i"], "--shm-size does not take \"-1\""),
            (["--shm-size", "9223372036854775808", "i"], "--shm-size does not take \"9223372036854775808\""),
            (["--hostname", "", "i"], "a host name has 1 to 64 bytes, not 0"), (["--name=", "i"], "--name is empty"),
            (["--stop-signal", "NOPE", "i"], "unknown signal \"NOPE\""),
            (["--ipc", "shared", "i"], "--ipc does not know \"shared\""),
            (["--sysctl", "net.a", "i"], "\"net.a\" is not a kernel parameter with its value"),
            (["-l", "=b", "i"], "the label \"=b\" has no key"),
        ] as [([String], String)])
    func wrong(arguments: [String], message: String) {
        let error = failure { () throws(CFSError) in
            let canonical = try CanonicalArguments(
                arguments[...], ContainerOptions.optionNames, optionsEndAtFirstWord: true, verb: "run")
            return try ContainerOptions(canonical, verb: "run").spec(.sample)
        }
        #expect(error?.message == message)
        #expect(error?.code == .invalidArgument && error?.exitStatus == 125)
    }
}
