import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import CLinux
import Glibc

/// Makes a container of a bundle, up to its command: the `create` of the specification, and the first part of `run`.
struct ContainerMaking {
    struct Options {
        var pidFile: String?
        var consoleSocket: String?
        var preservedDescriptors: Int32 = 0
        var pivots = true
        var ownsKeyring = true
        var isSystemd = false
        /// Whether a unit that is named so is systemd's to make, where it runs.
        var asksSystemd = true
        /// Whether another process gives the word to start.
        var waitsAtGate = true
        /// Whether this process stays with the container, so that it can serve a terminal itself.
        var staysInFront = false
    }

    let store: ContainerStore
    let id: String
    let configuration: BundleConfiguration
    let options: Options
    let log: RuntimeLog

    init(
        _ store: ContainerStore, id: String, bundle: String, options: Options, log: RuntimeLog
    ) throws(CFSError) {
        try ContainerStore.check(id)
        self.store = store
        self.id = id
        self.options = options
        self.log = log
        var configuration = try BundleConfiguration(path: bundle, filters: store.filters)
        try Enforcement.check(configuration.spec)
        let hasOwnUsers = configuration.spec.linux.namespaces.contains { $0.type == "user" }
        for text in try Enforcement.grantable(&configuration.spec.process, inUserNamespace: hasOwnUsers) {
            log.warning(text)
        }
        if configuration.spec.linux.resources?.devices.isEmpty == false {
            configuration.spec.linux.resources?.devices += DefaultDeviceRules.rules
        }
        configuration.spec.linux.resources?.readAsCallersDo()
        self.configuration = configuration
        try checkTerminal()
    }

    private func checkTerminal() throws(CFSError) {
        let wantsTerminal = configuration.spec.process.terminal
        if wantsTerminal, options.consoleSocket == nil, !options.staysInFront {
            throw CFSError(
                .invalidArgument, .parsing,
                "cannot allocate tty if the runtime will detach without setting console socket",
                hint: "give --console-socket, or set process.terminal to false")
        }
        if wantsTerminal, options.staysInFront, !(0...2).contains(where: Terminal.isTerminal) {
            throw CFSError(
                .terminalRequired, .parsing, "process.terminal is true, and none of the standard streams is a terminal",
                hint: "set process.terminal to false, or use --detach with --console-socket")
        }
        if !wantsTerminal || options.staysInFront, options.consoleSocket != nil {
            throw CFSError(
                .invalidArgument, .parsing, "cannot use console socket if the runtime will not detach or allocate tty")
        }
    }

    /// - Returns: the container, recorded, and its process before the command.
    func make() throws(CFSError) -> (container: RuntimeContainer, process: HeldProcess) {
        let spec = configuration.spec
        let place = try place()
        var plan = try plan(place)
        var container = container(in: place)
        try Seccomp.agent(spec, container.state(.creating))?.check()
        let lock = try makeFolder(container)
        // The container's process has a copy of it until its command runs.
        defer { lock.unlock() }
        var isOwnCgroup = false
        do throws(CFSError) {
            try place?.check()
            try File.create("\(container.folder)/config.json", configuration.bytes, mode: 0o600)
            try container.write()
            let made = try place?.make(spec.linux.resources)
            isOwnCgroup = true
            if let made, made.place.scope != nil {
                container.document.remember(made.place)
                try container.write()
                // systemd may have a root of its own, in a container for example.
                if made.place.path != place?.path { plan = try self.plan(made.place) }
            }
            var gate: SharedFD?
            if options.waitsAtGate {
                gate = SharedFD(try Gate.listen(container))
                plan.held?.gate = gate?.raw
            }
            let process = try start(plan, made, container.document)
            if let path = options.consoleSocket { try ConsoleSocket.send(process.terminal, to: path) }
            container.document.pid = process.pid
            container.document.startTime = process.startTime
            try container.write()
            if let path = options.pidFile {
                try AtomicFile.write(Array("\(process.pid)".utf8), to: path, mode: 0o644, durable: false)
            }
            try process.release(state: container.document.state(.created, pid: process.pid).json.bytes())
            withExtendedLifetime((gate, made)) {}
            return (container, process)
        } catch {
            // The process is gone with its handle. What follows a failure is what follows an end (runtime.md, Lifecycle).
            if !isOwnCgroup { container.document.forgetCgroup() }
            do throws(CFSError) {
                try DeleteCommand.destroy(container, spec.hooks, log)
            } catch let leftover {
                log.warning(leftover.description)
            }
            throw error
        }
    }

    /// Where its cgroup lies; nil on a host without cgroup v2, which then must not be asked for limits.
    func place() throws(CFSError) -> CgroupPlace? {
        let linux = configuration.spec.linux
        if let place = try CgroupPlace(
            linux.cgroupsPath, id: id, isSystemd: options.isSystemd, asksSystemd: options.asksSystemd, store)
        {
            return place
        }
        guard let resources = linux.resources, try !CgroupSettings(resources).isEmpty else { return nil }
        throw CFSError(
            .cgroupControllerUnavailable, .limiting, "linux.resources: this host has no cgroup v2 to limit it by")
    }

    /// The container before it has a process.
    func container(in place: CgroupPlace?) -> RuntimeContainer {
        var document = ContainerDocument(
            ociVersion: configuration.spec.ociVersion, id: id, bundle: configuration.bundle,
            rootfs: configuration.rootfs, created: SystemClock.realtime)
        document.annotations = configuration.spec.annotations
        // That of a scope is written down once it is this container's: until then it may be another's, and what is left of a
        // scope when its maker is killed goes by itself.
        if let place, place.scope == nil { document.remember(place) }
        return RuntimeContainer(store: store, document: document)
    }

    /// The container's folder, which makes its id taken. One that a making which was killed has left is no container.
    func makeFolder(_ container: RuntimeContainer) throws(CFSError) -> FileLock {
        let taken = CFSError(.nameTaken, .preparing, "container with given ID already exists: \(id)")
        try Directory.makeAll(container.folder)
        let lock = try FileLock("\(container.folder)/lock") { () throws(CFSError) in throw taken }
        guard !File.exists("\(container.folder)/state.json") else { throw taken }
        return lock
    }

    func plan(_ place: CgroupPlace?) throws(CFSError) -> LaunchPlan {
        let spec = configuration.spec
        var bundle = LaunchPlan.Bundle(spec, cgroupPath: place?.path)
        bundle.pivots = options.pivots
        var extras = LaunchPlan.Extras(
            root: RootPlan(source: .folder(configuration.rootfs), readOnly: spec.root.readonly))
        extras.bundle = bundle
        extras.seccomp = try Seccomp.filter(spec, configuration.profile, store.filters)
        var plan = try LaunchPlan(spec, extras)
        plan.process.adapt(options.preservedDescriptors, ownsKeyring: options.ownsKeyring)
        return plan
    }

    private func start(
        _ plan: LaunchPlan, _ made: MadeCgroup?, _ document: ContainerDocument
    ) throws(CFSError) -> HeldProcess {
        // The kernel asks the filter when a file system of a device is made: it is there before, so that the answer is not chance.
        let mountsDevices = plan.mounts.contains { if case .other = $0.kind { true } else { false } }
        if mountsDevices { try made?.limitDevices() }
        var timeline = Timeline()
        let pending = try Launcher.begin(
            LaunchBeginning(plan), cgroup: made?.cgroup.descriptor, standard: [0, 1, 2]
        ) { () throws(CFSError) in plan }
        // The container's own process lives there now.
        try made?.placeholder?.end()
        let hooks = configuration.spec.hooks
        return try Launcher.hold(pending, plan, &timeline) { () throws(CFSError) in
            if !mountsDevices { try made?.limitDevices() }
        } atMounts: { pid throws(CFSError) in
            let state = document.state(.creating, pid: pid).json.bytes()
            try hooks.prestart.map { HookPlan($0) }.run(state: state, point: "prestart")
            try hooks.createRuntime.map { HookPlan($0) }.run(state: state, point: "createRuntime")
            return state
        }
    }
}

extension HookPlan {
    init(_ hook: RuntimeSpec.Hook) {
        self.init(path: hook.path, arguments: hook.args, environment: hook.env, timeout: hook.timeout)
    }
}

extension ProcessPlan {
    /// What holds for every process that this runtime starts: it lives on without the runtime.
    mutating func adapt(_ preserved: Int32, ownsKeyring: Bool) {
        preservedDescriptors = preserved
        self.ownsKeyring = ownsKeyring
        diesWithLauncher = false
        looksUpHome = true
    }
}

/// The filters of `linux.seccomp`, compiled once for each profile, and who decides about calls.
enum Seccomp {
    /// Nil when the configuration has no profile.
    static func filter(
        _ spec: RuntimeSpec, _ known: ConfigurationText.Profile, _ filters: SeccompCache
    ) throws(CFSError) -> SeccompFilter? {
        if case .known(let filter) = known { return filter }
        guard let json = spec.linux.seccomp else { return nil }
        let profile = try SeccompProfile(json: json)
        if profile.notifies, let flag = profile.flags.first(where: { !$0.isSupported }) {
            throw CFSError(
                .kernelUnsupported, .preparing, "seccomp.flags: \(flag.rawValue) is not known to this kernel")
        }
        // Whoever listens has to be read of each container's own text.
        if case .read(let text?) = known, profile.listener == nil, !profile.notifies {
            return try filters.filter(of: profile, text: text)
        }
        return try SeccompFilter(readingFile: try filters.filter(for: profile))
    }

    /// Nil when no rule needs one. The profile is not read for nothing: every start asks.
    ///
    /// - Parameters:
    ///   - spec: without a profile of which it is known that nobody listens.
    ///   - state: the container's, as the agent is told.
    static func agent(_ spec: RuntimeSpec, _ state: RuntimeState) throws(CFSError) -> SeccompAgent? {
        guard let json = spec.linux.seccomp, json.object?["listenerPath"] != nil,
            let listener = try SeccompProfile(json: json).listener
        else { return nil }
        return SeccompAgent(listener, version: RuntimeMain.specification, state: state)
    }
}

/// Which namespaces that a configuration names by path are those of this process: what a container does there is seen by
/// the host.
enum HostNamespaces {
    static func among(_ namespaces: [RuntimeSpec.Namespace]) -> NamespaceFlags {
        var shared: NamespaceFlags = []
        for namespace in namespaces {
            guard let path = namespace.path, !path.isEmpty, let kind = NamespaceFlags(named: namespace.type) else {
                continue
            }
            let name = ["network": "net", "mount": "mnt"][namespace.type] ?? namespace.type
            if let theirs = File.statusIfThere(path, followLinks: true),
                let ours = File.statusIfThere("/proc/self/ns/\(name)", followLinks: true), theirs.isSameFile(as: ours)
            {
                shared.formUnion(kind)
            }
        }
        return shared
    }
}
