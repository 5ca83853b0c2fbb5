import ArgumentParser
import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions
@testable import cfs

@Suite("What is declared for help and completions is what is read")
struct DeclarationTests {
    /// A verb of ArgumentParser's tree, with the spellings of its options; `true` where one takes a value.
    struct Declared: CustomStringConvertible {
        let path: [String]
        let options: [String: Bool]
        var description: String { path.joined(separator: " ") }
    }

    static let declared: [Declared] = {
        do {
            let dump = try JSON(parsing: Array(RootCommand._dumpHelp().utf8), what: "the dump")
            return leaves(try #require(dump["command"]), path: [])
        } catch {
            Issue.record("\(error)")
            return []
        }
    }()

    private static func leaves(_ command: JSON, path: [String]) -> [Declared] {
        let subcommands = (command["subcommands"]?.array ?? []).filter { $0["commandName"]?.string != "help" }
        guard subcommands.isEmpty else {
            return subcommands.flatMap { leaves($0, path: path + [$0["commandName"]?.string ?? ""]) }
        }
        var options: [String: Bool] = [:]
        for argument in command["arguments"]?.array ?? [] where argument["kind"]?.string != "positional" {
            for name in argument["names"]?.array ?? [] {
                options[name["name"]?.string ?? ""] = argument["kind"]?.string == "option"
            }
        }
        return [Declared(path: path, options: options)]
    }

    private static func verb(_ path: [String]) -> (any Verb.Type)? {
        Verbs.find(path.count == 2 ? path[0] : nil, path.last ?? "")
    }

    @Test("the tree has every verb, and each is found by its words")
    func verbs() {
        #expect(Self.declared.count > 25)
        for declared in Self.declared { #expect(Self.verb(declared.path) != nil, "\(declared)") }
    }

    @Test("every verb reads the options that it declares, and no others", arguments: declared)
    func options(declared: Declared) throws {
        let names = try #require(Self.verb(declared.path)).optionNames
        let read = Set(names.longSpellings + names.letters)
        let isHelp: (String) -> Bool = { $0 == "help" || $0 == "h" && names["h"] == nil }
        #expect(read == Set(declared.options.keys.filter { !isHelp($0) }))
        for (spelling, takesValue) in declared.options where !isHelp(spelling) {
            #expect(names[spelling]?.takesValue == takesValue, "\(spelling)")
        }
    }

    @Test("no spelling stands for two options", arguments: declared)
    func unique(declared: Declared) throws {
        let names = try #require(Self.verb(declared.path)).optionNames
        let all = names.longSpellings + names.letters
        #expect(Set(all).count == all.count)
    }

    @Test("every verb's help has an example", arguments: declared)
    func examples(declared: Declared) throws {
        let verb = try #require(Self.verb(declared.path))
        // A verb below `container` that is one at the top has that one's help.
        if declared.path[0] == "container", let top = Verbs.find(nil, declared.path[1]), top == verb { return }
        let discussion = verb.configuration.discussion
        #expect(discussion.contains("Example"))
        #expect(discussion.contains("  cfs \(declared)"))
        #expect(verb.configuration.usage?.hasPrefix("cfs \(declared)") == true)
    }

    @Test("every option of run reaches the container")
    func reach() throws {
        let samples: [String: String] = [
            "blkio-weight": "10", "cap-add": "NET_ADMIN", "cap-drop": "CHOWN", "cgroup-conf": "memory.low=1M",
            "cgroup-parent": "/x", "cgroupns": "host", "cpu-period": "50000", "cpu-quota": "5000", "cpu-shares": "2",
            "cpu-weight": "1", "cpus": "0.5", "cpuset-cpus": "0", "cpuset-mems": "0", "device": "/dev/null",
            "device-cgroup-rule": "c 1:3 r", "device-read-bps": "/dev/sda:1m", "device-read-iops": "/dev/sda:1",
            "device-write-bps": "/dev/sda:1m", "device-write-iops": "/dev/sda:1", "hugetlb": "2MB=2m",
            "io-weight": "1", "log-driver": "none", "log-opt": "max-file=5", "memory": "64m", "memory-high": "64m",
            "memory-reservation": "64m", "memory-swap": "-1",
            "pids-limit": "5",
            "entrypoint": "/bin/x",
            "env": "A=b", "hostname": "box", "ipc": "host", "label": "a=b", "mount": "type=tmpfs,dst=/x", "name": "web",
            "network": "host", "oom-score-adj": "5", "pid": "host", "security-opt": "seccomp=unconfined",
            "shm-size": "128m", "group-add": "audio", "stop-timeout": "3",
            "stop-signal": "INT", "sysctl": "net.a=1", "timens": "host", "tmpfs": "/x", "ulimit": "nofile=10",
            "umask": "077", "restart": "always", "health-cmd": "true", "health-interval": "1s", "health-timeout": "1s",
            "health-retries": "9", "health-start-period": "1s", "user": "1", "userns": "host", "uts": "host",
            "volume": "/a:/b", "workdir": "/x", "publish": "8080:80", "expose": "80", "dns": "9.9.9.9",
            "dns-search": "example.org", "dns-option": "ndots:2", "dns-opt": "ndots:2", "add-host": "a:10.0.0.1",
            "network-rate": "1mbit", "network-ingress-rate": "1mbit", "network-burst": "64k", "ip": "10.0.0.7",
            "ip6": "fd00::7", "mac-address": "02:00:00:00:00:07", "network-alias": "db", "net-alias": "db",
        ]
        // Details of a place on a network, and of a rate.
        let onNetwork: Set = ["ip", "ip6", "mac-address", "network-alias", "net-alias"]
        // Those that are no property of the container, or need a file (see the tests of their syntax).
        let others: Set = [
            "detach", "detach-keys", "cidfile", "root", "run", "env-file", "label-file", "oom-kill-disable", "help",
        ]
        let run = try #require(Self.declared.first { $0.path == ["run"] })
        let plain = try spec("image")
        for (name, takesValue) in run.options where name.count > 1 && !others.contains(name) {
            let option = takesValue ? "--\(name)=\(samples[name] ?? samples["network"] ?? "")" : "--\(name)"
            // Details of a check, which needs a command.
            let check = name.hasPrefix("health-") && name != "health-cmd"
            if onNetwork.contains(name) {
                #expect(try spec("--network=x", option, "image") != spec("--network=x", "image"), "\(option)")
            } else if name == "network-burst" {
                let rate = "--network-rate=1mbit"
                #expect(try spec(rate, option, "image") != spec(rate, "image"))
            } else if check {
                #expect(try spec(option, "--health-cmd=x", "image") != spec("--health-cmd=x", "image"), "\(option)")
            } else {
                #expect(try spec(option, "image") != plain, "\(option)")
            }
        }
    }

    @Test(
        "the value of an option of every other verb reaches it",
        arguments: [
            ["ps", "-aql", "--no-trunc", "--format=json", "-n5", "-f", "name=a", "--filter=id=b"],
            ["restart", "-t", "4", "web"], ["restart", "web"], ["stop", "-t", "3", "web"],
            ["stop", "--timeout=3", "web"],
            ["kill", "-sHUP", "web"], ["logs", "-ftn5", "--since", "2m", "--until=1m", "web"], ["rm", "-f", "web"],
            ["inspect", "--timing", "-f", "table", "--type=container", "web"], ["port", "web", "80"],
            ["wait", "--condition=removed", "web", "db"], ["rename", "web", "db"],
            [
                "network", "connect", "--ip=10.0.0.7", "--ip6", "fd00::7", "--mac=02:00:00:00:00:07", "--alias", "a",
                "--alias=b", "blue", "web",
            ],
            ["network", "connect", "--mac-address", "02:00:00:00:00:07", "blue", "web"],
            ["network", "disconnect", "-f", "blue", "web"], ["system", "df", "-v"],
            ["system", "prune", "-af", "--filter", "until=1h"], ["container", "prune", "-f", "--filter=label=a"],
            ["image", "import", "--command", "-x", "name", "file"], ["image", "import", "-q", "name", "-"],
            ["image", "export", "-o", "-file", "name"], ["image", "fetch", "--sha256=ab", "-q", "name"],
            ["attach", "--no-stdin", "--sig-proxy=false", "--detach-keys", "ctrl-x,q", "web"],
            ["images", "-aq", "BusyBox"], ["image", "ls", "--no-trunc", "BusyBox"],
            ["pause", "web", "db"], ["unpause", "web", "db"], ["top", "--format=json", "web"],
            ["stats", "-a", "--no-stream", "--format", "json", "--interval=2", "--sort", "name", "web"],
        ] as [[String]])
    func parsed(arguments: [String]) throws {
        guard case .verb(let type, let name, let rest) = try Invocation(arguments),
            let verb = type as? any ParsedVerb.Type
        else {
            Issue.record("\(arguments)")
            return
        }
        let canonical = try CanonicalArguments(rest[...], type.optionNames, optionsEndAtFirstWord: false, verb: name)
        let value = try verb.parse(canonical, name: name)
        switch value {
        case let ps as PsCommand:
            #expect(ps.options.all && ps.options.quiet && ps.options.noTrunc && ps.options.format == "json")
            #expect(ps.options.latest && ps.options.last == 5 && ps.options.filters == ["name=a", "id=b"])
        case let port as PortCommand: #expect(port.container == "web" && port.port == "80")
        case let images as ImagesCommand:
            #expect(images.options.name == "BusyBox" && images.options.all && images.options.quiet)
        case let images as ImageLsCommand: #expect(images.options.name == "BusyBox" && images.options.noTrunc)
        case let wait as WaitCommand: #expect(wait.condition == "removed" && wait.containers == ["web", "db"])
        case let rename as RenameCommand: #expect(rename.container == "web" && rename.name == "db")
        case let df as SystemDfCommand: #expect(df.verbose)
        case let prune as SystemPruneCommand:
            #expect(prune.all && prune.options.force && prune.options.filter == ["until=1h"])
        case let prune as ContainerPruneCommand: #expect(prune.options.force && prune.options.filter == ["label=a"])
        case let restart as RestartCommand: #expect(restart.time == (arguments.count > 2 ? 4 : nil))
        case let stop as StopCommand: #expect(stop.time == 3 && stop.containers == ["web"])
        case let kill as KillCommand: #expect(kill.signal == "HUP")
        case let logs as LogsCommand:
            let options = try logs.options(now: 600_000_000_000)
            #expect(logs.timestamps && options.follow && options.tail == 5)
            #expect(options.since == 480_000_000_000 && options.until == 540_000_000_000)
        case let rm as RmCommand: #expect(rm.force)
        case let inspect as InspectCommand:
            #expect(inspect.timing && !inspect.isolation && inspect.format == "table" && inspect.type == "container")
        case let image as ImageImportCommand:
            #expect(image.name == "name")
            if image.file == "-" {
                #expect(image.quiet)
            } else {
                #expect(image.command == "-x" && image.file == "file")
            }
        case let image as ImageExportCommand: #expect(image.output == "-file" && image.image == "name")
        case let image as ImageFetchCommand: #expect(image.sha256 == "ab" && image.quiet)
        case let attach as AttachCommand:
            #expect(attach.noStdin && !attach.sigProxy && attach.detachKeys == "ctrl-x,q" && attach.container == "web")
        case let pause as PauseCommand: #expect(pause.containers == ["web", "db"])
        case let unpause as UnpauseCommand: #expect(unpause.containers == ["web", "db"])
        case let top as TopCommand: #expect(top.container == "web" && top.format == "json")
        case let stats as StatsCommand:
            #expect(stats.all && stats.noStream && stats.format == "json" && stats.interval == "2")
            #expect(stats.sort == "name" && stats.containers == ["web"])
        case let connect as NetworkConnectCommand:
            #expect(connect.network == "blue" && connect.container == "web" && connect.mac == "02:00:00:00:00:07")
            let isLong = arguments.count > 6
            #expect(connect.ip == (isLong ? "10.0.0.7" : nil) && connect.ip6 == (isLong ? "fd00::7" : nil))
            #expect(connect.alias == (isLong ? ["a", "b"] : []))
        case let disconnect as NetworkDisconnectCommand:
            #expect(disconnect.force && disconnect.network == "blue" && disconnect.container == "web")
        default: Issue.record("\(type)")
        }
    }

    @Test("a completion script is made for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) {
        let script = RootCommand.completionScript(for: CompletionShell(rawValue: shell) ?? .bash)
        #expect(script.contains("security-opt") && script.contains("cgroupns"))
    }
}
