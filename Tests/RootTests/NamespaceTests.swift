import Glibc
import TestSupport
import Testing

@Suite("Which namespaces a container has", .needsHost, .engine)
struct NamespaceTests: EngineSuite {
    private static let kinds = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"]

    private func host(_ kind: String) -> String { link("/proc/self/ns/\(kind)") }

    private func inside(_ kind: String, _ options: String...) -> String {
        let result = engine.run(["run", "--rm"] + options + ["BusyBox", "readlink", "/proc/self/ns/\(kind)"])
        return result.status == 0 ? result.text : result.errors
    }

    @Test("all eight are private by default", arguments: kinds)
    func `private`(kind: String) {
        let own = inside(kind)
        #expect(own.hasPrefix("\(kind):["))
        #expect(own != host(kind))
    }

    @Test(
        "an option shares one of them with the host, and only that",
        arguments: [
            ("--pid", "pid"), ("--network", "net"), ("--ipc", "ipc"), ("--uts", "uts"), ("--userns", "user"),
            ("--cgroupns", "cgroup"), ("--timens", "time"),
        ])
    func shared(option: String, kind: String) {
        #expect(inside(kind, option, "host") == host(kind))
        for other in Self.kinds where other != kind {
            #expect(inside(other, option, "host") != host(other), "\(other)")
        }
    }

    @Test(
        "an option joins that of another container",
        arguments: [("--pid", "pid"), ("--network", "net"), ("--ipc", "ipc"), ("--uts", "uts")])
    func joined(option: String, kind: String) throws {
        try engine.withContainer { id in
            let other = engine.run("exec", id, "readlink", "/proc/self/ns/\(kind)").text
            for userns in ["host", "container:\(id)"] {
                #expect(inside(kind, option, "container:\(id)", "--userns", userns) == other)
            }
        }
    }

    @Test("a namespace is joined by its path too")
    func byPath() throws {
        try engine.withContainer { id in
            let other = engine.run("exec", id, "readlink", "/proc/self/ns/net").text
            let path = "/proc/\(try engine.pid(id))/ns/net"
            #expect(inside("net", "--network", path, "--userns", "host") == other)
        }
    }

    @Test("joining a container that has ended, or does not exist, is an error")
    func joinNobody() {
        #expect(engine.run("run", "--name", "ended", "BusyBox", "true").status == 0)
        defer { engine.run("rm", "ended") }
        let ended = engine.run("run", "--rm", "--network", "container:ended", "BusyBox", "true")
        #expect(ended.status == 125)
        #expect(ended.errors.contains("is not running"))
        let missing = engine.run("run", "--rm", "--network", "container:nobody-here", "BusyBox", "true")
        #expect(missing.status == 125)
        #expect(missing.errors.contains("there is no container \"nobody-here\""))
    }

    // MARK: What each is like inside

    @Test("without a network there is a loopback interface, and it works", arguments: [[], ["--network", "none"]])
    func loopback(options: [String]) {
        // The client's input stays open (a FIFO it holds itself): a listener that sees the end of the client's input before
        // `echo` wrote would leave without having answered.
        let script =
            "ls /sys/class/net; ip -o link show lo | grep -c 'LOOPBACK,UP'; mkfifo /tmp/open; echo pong | nc -l -p 7 & "
            + "i=0; until nc 127.0.0.1 7 <> /tmp/open 2> /dev/null || [ $i = 300 ]; do i=$((i + 1)); sleep 0.1; done"
        let result = engine.run(["run", "--rm"] + options + ["BusyBox", "sh", "-c", script])
        #expect(result.output == "lo\n1\npong\n", "\(result.errors)")
    }

    @Test("the host's network is the host's interfaces")
    func hostNetwork() {
        // Others may make and remove some meanwhile.
        let before = Set(namesInFolder("/sys/class/net"))
        let inside = Set(engine.inside("ls /sys/class/net", "--network", "host").lines)
        let after = Set(namesInFolder("/sys/class/net"))
        #expect(!inside.isEmpty && inside.isSuperset(of: before.intersection(after)))
        #expect(inside.isSubset(of: before.union(after)))
    }

    @Test("the command is process 1 and sees its own processes only; with the host's pids it sees the host's")
    func processes() {
        #expect(engine.inside("echo $$; ls -d /proc/[0-9]* | wc -l").lines.first == "1")
        let own = engine.inside("[ -d /proc/\(getpid()) ] && tr '\\0' ' ' < /proc/\(getpid())/cmdline")
        #expect(own.output == "")
        #expect(
            engine.inside("cat /proc/\(getpid())/comm", "--pid", "host").text
                == textOfFile("/proc/self/comm")?.dropLast().description)
    }

    @Test("two containers that share a pid namespace see each other")
    func sharedProcesses() throws {
        try engine.withContainer([], ["sleep", "4711"]) { id in
            let script = "cat /proc/1/cmdline | tr '\\0' ' '"
            #expect(engine.inside(script, "--pid", "container:\(id)").output == "sleep 4711 ")
            #expect(engine.inside(script).output.hasPrefix("sh -c"))
        }
    }

    @Test("the host name of the host shows with --uts host, and cannot be changed by then")
    func hostName() {
        #expect(engine.inside("hostname", "--uts", "host").output == textOfFile("/proc/sys/kernel/hostname"))
        let both = engine.run("run", "--rm", "--uts", "host", "--sysctl", "kernel.domainname=x", "BusyBox", "true")
        #expect(both.status == 125)
        #expect(both.errors.contains("uts namespace"))
    }

    @Test("System V shared memory is the container's own, and that of a container that it joins")
    func sharedMemory() throws {
        let limit = "cat /proc/sys/kernel/msgmax"
        try engine.withContainer(["--sysctl", "kernel.msgmax=4096"]) { id in
            #expect(engine.inside(limit, "--ipc", "container:\(id)").output == "4096\n")
            #expect(engine.inside(limit).output == textOfFile("/proc/sys/kernel/msgmax"))
        }
    }

    @Test("--userns host maps every id to itself, and the default none to the host's root")
    func userIDs() {
        #expect(
            engine.inside("cat /proc/self/uid_map", "--userns", "host").text.split(separator: " ") == [
                "0", "0", "4294967295",
            ])
        let map = engine.inside("cat /proc/self/uid_map").text.split(separator: " ").compactMap { UInt32($0) }
        #expect(map.count == 3 && map[0] == 0 && map[1] >= 65_536 && map[2] == 65_536)
    }

    @Test("the cgroup is the root of what the container sees, unless it has the host's")
    func cgroup() throws {
        guard let folder = engine.cgroup?.split(separator: "/").last else { return }
        let script = "grep '^0::' /proc/self/cgroup"
        #expect(engine.inside(script).output == "0::/\n")
        #expect(engine.inside(script, "--cgroupns", "host").output.hasPrefix("0::/\(folder)/"))
    }
}

/// What a symbolic link of the host says.
func link(_ path: String) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}
