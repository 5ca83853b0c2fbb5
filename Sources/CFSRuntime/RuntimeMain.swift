import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The command line of the OCI runtime: the one that callers use for runc (runtime-spec, runtime.md, Operations).
public enum RuntimeMain {
    /// The newest version of the specification that is understood.
    static let specification = "1.3.0"

    static let globalOptions: [RuntimeOption] = [
        .value("root", placeholder: "DIR", help: "folder of all containers (default: /run/cfs-runtime)"),
        .value("log", placeholder: "FILE", help: "append errors and warnings to a file"),
        .value("log-format", placeholder: "text|json", help: "format of the file's lines (default: text)"),
        .flag("debug", help: "log more"),
        .flag("systemd-cgroup", help: "read linux.cgroupsPath as SLICE:PREFIX:NAME, a scope of systemd"),
        .value("rootless", placeholder: "true|false|auto", help: "taken for its callers' sake: root is needed"),
        .value("criu", placeholder: "FILE", help: "the program that does checkpoint and restore (default: criu)"),
        .flag("help", "h", help: "show this help"),
        .flag("version", "v", help: "show the version"),
    ]

    /// Never returns.
    public static func run(_ words: [String]) -> Never {
        // What a container can get hold of must not be the file that the next start runs. As released it has been seen to before this
        // (start.c). Without the right to mount there is no container to be afraid of: that start fails.
        _ = cfs_execute_own_read_only()
        _ = umask(0)
        StandardDescriptors.fill()
        exit(status(of: words, version: CFSVersion.text))
    }

    private static func status(of words: [String], version: String) -> Int32 {
        var log = RuntimeLog()
        var command: RuntimeCommand?
        do throws(CFSError) {
            let global = try RuntimeArguments(words, globalOptions)
            log.path = try global["log"].flatMap { $0.isEmpty ? nil : $0 }.map { path throws(CFSError) in
                try HostPath.absolute(path)
            }
            log.isDebugging = global.has("debug")
            switch global["log-format"] {
            case nil, "text": break
            case "json": log.format = .json
            case let other?: throw RuntimeArguments.fault("unknown log-format \"\(other)\"")
            }
            if global.has("version") {
                try StandardOutput.write(VersionText.text(version))
                return 0
            }
            guard let name = global.rest.first, !global.has("help"), name != "help" else {
                try StandardOutput.write(HelpText.overview())
                return 0
            }
            guard let found = RuntimeCommand.all.first(where: { $0.names.contains(name) }) else {
                throw RuntimeArguments.fault("no such command: \(name)")
            }
            command = found
            let arguments = try RuntimeArguments(Array(global.rest.dropFirst()), found.options + [Self.helpOption])
            if arguments.has("help") {
                try StandardOutput.write(HelpText.page(of: found))
                return 0
            }
            let context = try RuntimeContext(global, log: log, version: version)
            return try found.run(arguments, context)
        } catch {
            let text = error.forCallers
            log.error(text)
            RuntimeLog.print("cfs-runtime: \(text)\n", to: 2)
            // What the engine's users are told to try is not this caller's to do.
            if let hint = error.hint, error.code != .commandNotFound {
                RuntimeLog.print("cfs-runtime: hint: \(hint)\n", to: 2)
            }
            return command?.failure ?? 1
        }
    }

    static let helpOption = RuntimeOption.flag("help", "h", help: "show this help")
}

/// What every command knows.
struct RuntimeContext {
    let store: ContainerStore
    let log: RuntimeLog
    let isSystemd: Bool
    /// The program of `--criu`.
    let criu: String?
    let version: String

    init(_ global: RuntimeArguments, log: RuntimeLog, version: String) throws(CFSError) {
        store = ContainerStore(root: try HostPath.absolute(global["root"] ?? Self.defaultRoot))
        self.log = log
        isSystemd = global.has("systemd-cgroup")
        criu = global["criu"]
        self.version = version
    }

    private static var defaultRoot: String {
        guard geteuid() != 0, let folder = getenv("XDG_RUNTIME_DIR") else {
            return ContainerStore.standard
        }
        return String(cString: folder) + "/cfs-runtime"
    }
}

/// One command: its name, its options, what it does.
struct RuntimeCommand: Sendable {
    let names: [String]
    /// What follows the name in the help.
    let usage: String
    let summary: String
    let options: [RuntimeOption]
    /// The exit status of an error.
    var failure: Int32 = 1
    let run: @Sendable (RuntimeArguments, RuntimeContext) throws(CFSError) -> Int32
}

extension RuntimeArguments {
    /// The one container that a command is for, and what follows its id.
    func container(atMost words: Int = 1) throws(CFSError) -> String {
        guard let id = rest.first else { throw Self.fault("a container id is needed") }
        guard rest.count <= words else {
            throw Self.fault("too many arguments: \(rest.dropFirst(words).map { $0 }.text(separator: " "))")
        }
        return id
    }
}

extension CFSError {
    /// The text that callers of a runtime look into: some search it for words, and for those of an errno as Go has them,
    /// which begin small (`docker run` ends with 126 only for "permission denied").
    var forCallers: String {
        if code == .commandNotFound, let path, !path.hasSlash {
            return "exec: \"\(path)\": executable file not found in $PATH"
        }
        guard let errno else { return message }
        let call = systemCall.map { "\($0): " } ?? ""
        let text = ErrorNumber.text(errno)
        return "\(message) (\(call)\(text.prefix(1).lowercased())\(text.dropFirst()))"
    }
}
