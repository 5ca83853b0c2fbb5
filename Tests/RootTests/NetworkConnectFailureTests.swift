import EngineSupport
import Glibc
import TestSupport
import Testing

/// What keeps a container from joining a network or leaving it, and what stays then: nothing. One test after the other, since
/// each looks at all that there is.
@Suite("Networks that a container does not join", .needsHost, .serialized, .engineWithNetwork)
struct NetworkConnectFailureTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    private func members(_ network: String) -> Set<String> {
        known { try engine.json("network", "inspect", network)[0]["Containers"] }.names
    }

    private func networks(_ container: String) -> Set<String> {
        known { try engine.inspect(container)["NetworkSettings"]["Networks"] }.names
    }

    /// What `body` tells; a failure of it is one of the test.
    private func known(_ body: () throws -> JSONValue) -> JSONValue {
        do {
            return try body()
        } catch {
            Issue.record("\(error)")
            return .null
        }
    }

    private func refused(
        _ arguments: String..., by text: String, location: SourceLocation = #_sourceLocation
    ) {
        let result = engine.run(["network"] + arguments)
        #expect(
            [1, 64].contains(result.status) && result.errors.contains(text), "\(result.status) \(result.errors)",
            sourceLocation: location)
    }

    /// Whether the host has nothing of a container on a network.
    private func isClean(_ name: String) -> Bool {
        guard let host = engine.network else { return false }
        return !host.run("ip -o link").output.contains("cfsv")
            && !host.run("cat \(engine.runFolder)/networks/*.names").output.contains(name)
    }

    @Test("what cannot be is said, and changes nothing", arguments: [false, true])
    func wrong(isRunning: Bool) throws {
        try withNetwork("narrow", ["--subnet", "10.211.1.0/30"]) {
            try withNetwork("plain", ["--subnet", "10.211.2.0/24"]) {
                let made = engine.run(
                    ["create", "--name", "odd", "--network", "plain,ip=10.211.2.9", "BusyBox", "sleep", "1000"])
                #expect(made.status == 0, "\(made.errors)")
                defer { engine.run("rm", "-f", "odd") }
                if isRunning { #expect(engine.run("start", "odd").status == 0) }
                let other = engine.run("create", "--name", "other", "BusyBox", "true")
                defer { engine.run("rm", "-f", "other") }
                #expect(other.status == 0)
                refused("connect", "plian", "odd", by: "did you mean plain?")
                refused("connect", "plain", "ood", by: "did you mean odd?")
                refused("disconnect", "plian", "odd", by: "did you mean plain?")
                refused("connect", "plain", "odd", by: "odd is on the network plain already")
                refused("disconnect", "narrow", "odd", by: "it is on plain")
                refused("connect", "--ip", "10.211.2.9", "plain", "other", by: "is taken: odd has it")
                refused("connect", "--ip", "10.211.3.9", "plain", "other", by: "its subnets: 10.211.2.0/24")
                refused("connect", "--ip", "10.211.2.1", "plain", "other", by: "is the gateway")
                refused("connect", "--ip", "nonsense", "plain", "other", by: "is no address of IP")
                refused("connect", "--mac", "nonsense", "plain", "other", by: "--mac: \"nonsense\"")
                refused("connect", "--alias", "a b", "plain", "other", by: "--alias: \"a b\"")
                #expect(engine.run("network", "connect", "narrow", "other").status == 0)
                refused("connect", "narrow", "odd", by: "every address of 10.211.1.0/30")
                #expect(engine.run("network", "disconnect", "-f", "narrow", "odd").status == 0)
                #expect(networks("odd") == ["plain"] && networks("other") == ["narrow"])
                #expect(members("plain").count == 1)
            }
        }
    }

    @Test("of two that put it on the same network one does, and on two networks both do")
    func racing() throws {
        try withNetwork("left") {
            try withNetwork("right") {
                for options in [[], ["stopped"]] {
                    try engine.withContainer(["--name", "wanted"]) { id in
                        if !options.isEmpty { #expect(engine.run("stop", "-t", "0", "wanted").status == 0) }
                        let clients = (0..<6).map { index in
                            engine.start(["network", "connect", index < 4 ? "left" : "right", "wanted"])
                        }
                        let results = clients.map { $0.finish() }
                        #expect(results[..<4].filter { $0.status == 0 }.count == 1)
                        #expect(results[4...].filter { $0.status == 0 }.count == 1)
                        for result in results where result.status != 0 {
                            #expect(result.errors.contains("already"), "\(result.errors)")
                        }
                        #expect(networks("wanted") == ["left", "right"])
                        #expect(members("left") == [id] && members("right") == [id])
                        let leaving = (0..<4).map { _ in engine.start(["network", "disconnect", "left", "wanted"]) }
                        #expect(leaving.map { $0.finish() }.filter { $0.status == 0 }.count == 1)
                        #expect(networks("wanted") == ["right"] && members("left").isEmpty)
                    }
                }
            }
        }
    }

    /// How many rows the registry has of a container on a network: one that it is not on, it shows to nobody.
    private func places(_ container: String, on network: String) -> Int? {
        let query = """
            SELECT count(*) FROM endpoints JOIN containers ON containers.id = container JOIN networks ON networks.id = network
            WHERE containers.name = '\(container)' AND networks.name = '\(network)'
            """
        return Int(engine.host("sqlite3 -readonly \(engine.root)/registry.db \"\(query)\"").text)
    }

    /// Lets a client ask while the monitor stands still, calls `body` when its place is written down, and gives the answer.
    private func asking(
        _ container: String, on network: String, _ body: (_ monitor: Int32, _ client: Int32) throws -> Void
    ) throws -> CommandResult {
        let monitor = try engine.monitor(container)
        #expect(kill(monitor, SIGSTOP) == 0)
        let client = engine.start(["network", "connect", network, container])
        #expect(eventually { places(container, on: network) == 1 })
        try body(monitor, client.pid)
        kill(monitor, SIGCONT)
        return client.finish()
    }

    @Test("whoever holds a lease on the container's /etc/hosts holds nobody up: its own processes may")
    func lease() throws {
        try withNetwork("leased") {
            try engine.withContainer(["--name", "tenant"]) { id in
                let script = """
                    import fcntl, os, signal, sys
                    signal.signal(signal.SIGIO, signal.SIG_IGN)
                    file = os.open(sys.argv[1], os.O_RDONLY)
                    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
                    print('held', flush=True)
                    sys.stdin.read()
                    """
                let holder = RunningCommand(
                    ["/usr/bin/python3", "-c", script, "\(engine.runFolder)/\(id)/hosts"],
                    environment: ["PATH": EngineFixture.path])
                #expect(holder.waitForOutput("held"), "\(holder.errorsSoFar)")
                #expect(engine.run("network", "connect", "leased", "tenant").status == 0)
                // Who had waited for it would have seen the kernel take it away.
                #expect(textOfFile("/proc/locks")?.contains(" \(holder.pid) ") == true)
                _ = holder.finish(input: "")
                #expect(engine.run("exec", "tenant", "ls", "/sys/class/net").lines == ["eth0", "lo"])
            }
        }
    }

    @Test("a client that was killed in the middle leaves nothing that recover does not find")
    func killedClient() throws {
        try withNetwork("half") {
            try engine.withContainer(["--name", "whole"]) { _ in
                _ = try asking("whole", on: "half") { _, client in kill(client, SIGKILL) }
                #expect(members("half").isEmpty && networks("whole").isEmpty && places("whole", on: "half") == 1)
                let recovered = engine.run("system", "recover")
                #expect(recovered.output.contains("of networks put right"), "\(recovered.output)")
                #expect(places("whole", on: "half") == 0 && isClean("whole"))
                // Without recover() the next who asks takes its place.
                _ = try asking("whole", on: "half") { _, client in kill(client, SIGKILL) }
                #expect(engine.run("network", "connect", "half", "whole").status == 0)
                #expect(engine.run("exec", "whole", "ls", "/sys/class/net").lines == ["eth0", "lo"])
                #expect(engine.run("network", "disconnect", "half", "whole").status == 0)
                #expect(isClean("whole"))
            }
        }
    }

    @Test("where the client of a disconnect was killed the container has left for everybody, and what it had is free")
    func killedLeaving() throws {
        #expect(engine.run("network", "create", "--subnet", "10.211.4.0/24", "former").status == 0)
        defer { engine.run("network", "rm", "former") }
        try engine.withContainer(["--name", "leaving", "--network", "former,ip=10.211.4.9"]) { id in
            func leave() throws {
                let monitor = try engine.monitor("leaving")
                let holder = try holdPacketFilter()
                let client = engine.start(["network", "disconnect", "former", "leaving"])
                // The monitor waits for it, and has been asked then.
                #expect(
                    eventually {
                        textOfFile("/proc/locks")?.split(separator: "\n").contains {
                            $0.contains("-> FLOCK") && $0.contains(" \(monitor) ")
                        } == true
                    })
                kill(client.pid, SIGKILL)
                _ = client.finish()
                _ = holder.finish(input: "\n")
                #expect(eventually { engine.host("flock -n \(engine.root)/containers/\(id) true").status == 0 })
                #expect(networks("leaving").isEmpty && places("leaving", on: "former") == 1)
            }
            try leave()
            #expect(members("former").isEmpty)
            #expect(engine.run("ps", "-aq", "--filter", "network=former").output.isEmpty)
            #expect(!engine.run("network", "inspect", "--graph").output.contains("leaving"))
            let heir = engine.run("run", "--rm", "--network", "former,ip=10.211.4.9", "BusyBox", "true")
            #expect(heir.status == 0, "\(heir.errors)")
            #expect(places("leaving", on: "former") == 0)
            for remove in [["network", "prune", "-f"], ["network", "rm", "former"]] {
                _ = engine.run("network", "create", "--subnet", "10.211.4.0/24", "former")
                #expect(engine.run("network", "connect", "former", "leaving").status == 0)
                try leave()
                let removed = engine.run(remove)
                #expect(removed.status == 0 && removed.output == "former\n", "\(removed.output)\(removed.errors)")
            }
        }
    }

    /// A process that has the lock for which everybody waits who changes the packet filter, until a line comes.
    private func holdPacketFilter() throws -> RunningCommand {
        let holder = RunningCommand(
            [
                "/bin/sh", "-c",
                "exec 9<>\(engine.runFolder)/networks/lock; flock 9; echo held; read -r end; exit 0",
            ], environment: ["PATH": EngineFixture.path])
        #expect(holder.waitForOutput("held"), "\(holder.errorsSoFar)")
        return holder
    }

    @Test("while a monitor is at it nobody else changes the container's networks, also when the client was killed")
    func killedWhileAtIt() throws {
        try withNetwork("busy") {
            // Its bridge is there then.
            try engine.withContainer(["--network", "busy"]) { _ in
                try engine.withContainer(["--name", "waiter"]) { id in
                    let folder = "\(engine.root)/containers/\(id)"
                    func isLocked() -> Bool { engine.host("flock -n \(folder) true").status == 1 }
                    #expect(!isLocked())
                    let holder = try holdPacketFilter()
                    let client = engine.start(["network", "connect", "busy", "waiter"])
                    #expect(eventually { textOfFile("\(folder)/config.json")?.contains("\"endpoints\"") == true })
                    kill(client.pid, SIGKILL)
                    _ = client.finish()
                    #expect(isLocked())
                    let next = engine.start(["network", "disconnect", "busy", "waiter"])
                    _ = holder.finish(input: "\n")
                    let left = next.finish()
                    #expect(left.status == 0, "\(left.errors)")
                    #expect(!isLocked() && networks("waiter").isEmpty)
                    #expect(members("busy").count == 1)
                    #expect(engine.run("exec", "waiter", "ls", "/sys/class/net").text == "lo")
                }
            }
        }
    }

    @Test(
        "a client that was killed at a container that has never run leaves it, also one that removes itself at its end")
    func killedBeforeItsStart() throws {
        try withNetwork("unborn") {
            let id = engine.run("create", "--rm", "--name", "child", "BusyBox", "ls", "/sys/class/net").text
            defer { engine.run("rm", "-f", "child") }
            // What it has while it works, and what nobody holds when it was killed.
            let run = "\(engine.runFolder)/\(id)"
            let leave = "mkdir -m 700 \(run) && touch \(run)/lock"
            #expect(!id.isEmpty && engine.host(leave).status == 0)
            #expect(engine.run("system", "recover").status == 0)
            #expect(engine.run("inspect", "-f", "{{.State.Status}}", "child").text == "created")
            #expect(access(run, F_OK) != 0)
            #expect(engine.host(leave).status == 0)
            let again = engine.run("network", "connect", "unborn", "child")
            #expect(again.status == 0, "\(again.errors)")
            #expect(engine.run("start", "-a", "child").lines == ["eth0", "lo"])
            #expect(eventually { engine.run("ps", "-aq").text.isEmpty })
        }
    }

    @Test("a monitor that was killed in the middle leaves nothing, and the container starts as it was")
    func killedMonitor() throws {
        try withNetwork("lost") {
            try engine.withContainer(["--name", "loser"]) { _ in
                let result = try asking("loser", on: "lost") { monitor, _ in kill(monitor, SIGKILL) }
                // The client may have been on its way to it.
                let says = ["is not running", "has just ended"].contains { result.errors.contains($0) }
                #expect(result.status == 1 && says, "\(result.errors)")
                #expect(members("lost").isEmpty && networks("loser").isEmpty)
                #expect(engine.run("system", "recover").status == 0)
                #expect(isClean("loser"))
                #expect(engine.run("start", "loser").status == 0)
                #expect(engine.run("exec", "loser", "ls", "/sys/class/net").text == "lo")
            }
        }
    }

    @Test("a container that ends meanwhile is on the network or is not, and its start agrees")
    func ends() throws {
        try withNetwork("late") {
            try engine.withContainer(["--name", "leaver"]) { _ in
                let pid = try engine.pid("leaver")
                let result = try asking("leaver", on: "late") { _, _ in kill(pid, SIGKILL) }
                #expect(eventually { engine.exitCode("leaver") == 137 })
                #expect(networks("leaver").isEmpty == (result.status != 0), "\(result.errors)")
                #expect(members("late").isEmpty == (result.status != 0))
                #expect(isClean("leaver"))
                #expect(engine.run("start", "leaver").status == 0)
                let devices = engine.run("exec", "leaver", "ls", "/sys/class/net").lines
                #expect(devices == (result.status == 0 ? ["eth0", "lo"] : ["lo"]))
            }
        }
    }

    @Test("one that stands still, and one that waits for its restart, join too")
    func waiting() throws {
        try withNetwork("soon") {
            try engine.withContainer(["--name", "still"]) { _ in
                #expect(engine.run("pause", "still").status == 0)
                #expect(engine.run("network", "connect", "soon", "still").status == 0)
                #expect(engine.run("unpause", "still").status == 0)
                #expect(engine.run("exec", "still", "ls", "/sys/class/net").lines == ["eth0", "lo"])
            }
            try engine.withContainer(
                ["--name", "again", "--restart", "always"], ["sh", "-c", "ls /sys/class/net; exit 3"]
            ) { _ in
                #expect(eventually { Int(engine.run("inspect", "-f", "{{.RestartCount}}", "again").text) ?? 0 >= 3 })
                let done = engine.run("network", "connect", "soon", "again")
                #expect(done.status == 0, "\(done.errors)")
                #expect(eventually { engine.run("logs", "again").output.contains("eth0") })
                #expect(engine.run("network", "disconnect", "soon", "again").status == 0)
            }
        }
    }

    @Test("a process that has gone to a namespace of its own, where it may do anything, gets no device there")
    func ownNamespace() throws {
        try withNetwork("stage") {
            try engine.withContainer(
                ["--name", "actor", "--security-opt", "seccomp=unconfined"],
                ["unshare", "-U", "-r", "-n", "sleep", "1000"]
            ) { _ in
                let pid = try engine.pid("actor")
                #expect(
                    eventually { textOfFile("/proc/\(pid)/comm") == "sleep\n" }, "\(engine.run("logs", "actor").errors)"
                )
                refused("connect", "stage", "actor", by: "has gone to another network namespace")
                #expect(members("stage").isEmpty && networks("actor").isEmpty && isClean("actor"))
            }
        }
    }

    @Test("a process of the container that has gone to the host's network keeps it from being put on one")
    func elsewhere() throws {
        let host = try network()
        try withNetwork("trap") {
            let pid = host.entering[1].split(separator: "/")[2]
            try engine.withContainer(
                ["--name", "runner", "--privileged", "--userns", "host", "--pid", "host"],
                ["nsenter", "-n/proc/\(pid)/ns/net", "sleep", "1000"]
            ) { _ in
                let runner = try engine.pid("runner")
                let there = host.run("readlink /proc/self/ns/net").text
                #expect(eventually { host.run("readlink /proc/\(runner)/ns/net").text == there })
                let before = host.run("ip -o addr").output
                refused("connect", "trap", "runner", by: "the host's network namespace")
                #expect(host.run("ip -o addr").output == before)
                #expect(members("trap").isEmpty)
            }
        }
    }
}
