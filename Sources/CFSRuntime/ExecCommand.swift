import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import CLinux
import Glibc

/// `exec`: one more process in a container.
enum ExecCommand {
    static let command = RuntimeCommand(
        names: ["exec"], usage: "CONTAINER COMMAND [ARGUMENT...]", summary: "run one more process in a container",
        options: [
            .value("console-socket", placeholder: "FILE", help: "Unix socket that takes the process's terminal"),
            .value("pidfd-socket", placeholder: "FILE", help: "Unix socket that takes a pidfd of the process"),
            .value("cwd", placeholder: "DIR", help: "working directory"),
            .list("env", "e", placeholder: "NAME=VALUE", help: "add to the environment"),
            .flag("tty", "t", help: "give it a terminal"),
            .value("user", "u", placeholder: "UID[:GID]", help: "who it runs as"),
            .list("additional-gids", "g", placeholder: "GID", help: "further groups"),
            .value("process", "p", placeholder: "FILE", help: "the process as JSON, like the configuration's"),
            .flag("detach", "d", help: "return once it runs"),
            .value("pid-file", placeholder: "FILE", help: "write its number there"),
            .value("process-label", placeholder: "LABEL", help: "SELinux label"),
            .value("apparmor", placeholder: "PROFILE", help: "AppArmor profile"),
            .flag("no-new-privs", help: "it cannot gain privileges by executing a program"),
            .list("cap", "c", placeholder: "CAP_NAME", help: "add a capability to all of its sets"),
            .value("preserve-fds", placeholder: "N", help: "how many descriptors from 3 on it gets"),
            .list("cgroup", placeholder: "PATH", help: "a cgroup below the container's to run in"),
            .flag("ignore-paused", help: "also when the container is paused: it runs once that goes on"),
            .flag("no-subreaper", help: "taken for its callers' sake: nothing is reaped here"),
        ], failure: 255
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container(atMost: Int.max))
        try checkStatus(container, arguments)
        guard let process = try container.process() else { throw notRunning() }
        let (spec, profile) = try container.configurationWithProfile()
        let isDetached = arguments.has("detach")
        let socket = try CreateCommand.absolute(arguments["console-socket"])
        let asked = try ExecCommand.process(arguments, spec, context.log)
        let pidFile = try CreateCommand.absolute(arguments["pid-file"])
        try checkTerminal(asked, isDetached: isDetached, hasSocket: socket != nil)
        var plan = try ProcessPlan(asked)
        plan.attributes = try ProcessAttributes(asked, nil)
        plan.adapt(try PreservedDescriptors.count(arguments), ownsKeyring: false)
        plan.seccomp = try Seccomp.filter(spec, profile, context.store.filters)
        try setAffinity(asked, &plan)
        let agent = try Seccomp.agent(spec, container.state(.running))
        try agent?.check()

        let cgroup = try ExecCommand.cgroup(container, arguments)
        let entry = ContainerEntry(
            plan: plan, container: process.raw, namespaces: namespaces(of: spec.linux),
            uidMappings: spec.linux.uidMappings.map { IDMapping($0) },
            gidMappings: spec.linux.gidMappings.map { IDMapping($0) }, cgroup: cgroup?.descriptor,
            standard: [0, 1, 2], agent: agent)
        let foreground = isDetached ? nil : try Foreground()
        let started = try entry.launch()
        if let path = pidFile {
            try AtomicFile.write(Array("\(started.pid)".utf8), to: path, mode: 0o644, durable: false)
        }
        try CreateCommand.sendHandle(started.pidfd.raw, arguments)
        let terminal = try started.terminal?.duplicate()
        let shared: SharedFD?
        if let terminal { shared = SharedFD(terminal) } else { shared = nil }
        if let socket { try ConsoleSocket.send(shared, to: socket) }
        guard let foreground else { return 0 }
        return try foreground.serve(started.pidfd.raw, terminal: socket == nil ? shared : nil)
    }

    private static func checkStatus(
        _ container: RuntimeContainer, _ arguments: RuntimeArguments
    ) throws(CFSError) {
        switch try container.status() {
        case .stopped, .creating: throw notRunning()
        case .paused where !arguments.has("ignore-paused"):
            throw CFSError(
                .invalidState, .entering, "cannot exec in a paused container (use --ignore-paused to override)")
        default: return
        }
    }

    private static func notRunning() -> CFSError {
        CFSError(.containerNotRunning, .entering, "cannot exec a container that has stopped: container not running")
    }

    private static func checkTerminal(
        _ process: RuntimeSpec.Process, isDetached: Bool, hasSocket: Bool
    ) throws(CFSError) {
        if process.terminal, isDetached, !hasSocket {
            throw CFSError(
                .invalidArgument, .parsing,
                "cannot allocate tty if the runtime will detach without setting console socket")
        }
        if hasSocket, !(process.terminal && isDetached) {
            throw CFSError(
                .invalidArgument, .parsing, "cannot use console socket if the runtime will not detach or allocate tty")
        }
    }

    /// What is to run: a file's, or the container's own process with another command.
    private static func process(
        _ arguments: RuntimeArguments, _ spec: RuntimeSpec, _ log: RuntimeLog
    ) throws(CFSError) -> RuntimeSpec.Process {
        var process: RuntimeSpec.Process
        if let file = arguments["process"] {
            process = try RuntimeSpec.Process(
                bundle: try JSON(parsing: try File.readAll(at: file, limit: 16 << 20), what: file))
        } else {
            process = spec.process
            process.args = Array(arguments.rest.dropFirst())
            process.terminal = arguments.has("tty")
            guard !process.args.isEmpty else {
                throw RuntimeArguments.fault("exec needs a command, or --process")
            }
            if let folder = arguments["cwd"] { process.cwd = folder }
            process.env += arguments.list("env")
            try setUser(&process, arguments)
            if arguments.has("no-new-privs") { process.noNewPrivileges = true }
            add(arguments.list("cap"), to: &process)
        }
        if let profile = arguments["apparmor"] { process.apparmorProfile = profile }
        if let label = arguments["process-label"] { process.selinuxLabel = label }
        try Enforcement.check(process)
        let hasOwnUsers = spec.linux.namespaces.contains { $0.type == "user" }
        for text in try Enforcement.grantable(&process, inUserNamespace: hasOwnUsers) { log.warning(text) }
        return process
    }

    private static func setUser(
        _ process: inout RuntimeSpec.Process, _ arguments: RuntimeArguments
    ) throws(CFSError) {
        func number(_ text: some StringProtocol, _ what: String) throws(CFSError) -> UInt32 {
            guard let value = UInt32(text), text.first != "+", value != UInt32.max else {
                throw RuntimeArguments.fault("parsing \(text) as int for \(what) failed")
            }
            return value
        }
        if let user = arguments["user"] {
            let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            process.user.uid = try number(parts[0], "uid")
            if parts.count == 2 { process.user.gid = try number(parts[1], "gid") }
        }
        for text in arguments.list("additional-gids") {
            process.user.additionalGids.append(try number(text, "additional gid"))
        }
    }

    /// All but inheritable and ambient: those would outlive a change of user (CVE-2022-29162).
    private static func add(_ names: [String], to process: inout RuntimeSpec.Process) {
        guard !names.isEmpty else { return }
        var sets = process.capabilities ?? RuntimeSpec.Capabilities()
        for name in names {
            for path in [\RuntimeSpec.Capabilities.bounding, \.effective, \.permitted]
            where !sets[keyPath: path].contains(name) { sets[keyPath: path].append(name) }
        }
        process.capabilities = sets
    }

    /// Until it is in the container's cgroup the process runs on some processors, from then on, on others.
    private static func setAffinity(
        _ process: RuntimeSpec.Process, _ plan: inout ProcessPlan
    ) throws(CFSError) {
        guard let asked = process.execCPUAffinity else { return }
        if let list = asked.final {
            plan.attributes.processors = try ProcessAttributes.processors(
                list, field: "process.execCPUAffinity.final")
        }
        guard let list = asked.initial else { return }
        // A child has its parent's; this process is over soon.
        try ProcessAttributes.setAffinity(
            try ProcessAttributes.processors(list, field: "process.execCPUAffinity.initial"))
    }

    private static func cgroup(
        _ container: RuntimeContainer, _ arguments: RuntimeArguments
    ) throws(CFSError) -> Cgroup? {
        let asked = arguments.list("cgroup").map { $0.hasPrefix(":") ? String($0.dropFirst()) : $0 }
        guard let path = asked.last, path != "/" else { return try container.cgroup() }
        guard asked.count == 1, let hierarchy = container.hierarchy, !path.pathNames.contains("..") else {
            throw RuntimeArguments.fault("invalid cgroup \"\(path)\": one path below the container's cgroup is needed")
        }
        let parts = path.pathNames
        let folder = (["\(hierarchy.folder)/\(container.document.cgroupName)"] + parts.dropLast()).text(separator: "/")
        let below = CgroupHierarchy(mountPoint: hierarchy.mountPoint, folder: folder)
        guard let found = try below.cgroup(parts.last ?? "") else {
            throw CFSError(
                .invalidArgument, .entering, "the cgroup \(path) does not exist in the container", errno: ENOENT)
        }
        return found
    }

    /// Those that the container does not share with the runtime; to be entered together.
    private static func namespaces(of linux: RuntimeSpec.Linux) -> NamespaceFlags {
        linux.namespaces.reduce(into: []) { flags, namespace in
            flags.formUnion(NamespaceFlags(named: namespace.type) ?? [])
        }
    }
}
