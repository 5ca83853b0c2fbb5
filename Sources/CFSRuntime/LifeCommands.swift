import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// `state`, `kill`, `pause` and `resume`.
enum LifeCommands {
    static let state = RuntimeCommand(
        names: ["state"], usage: "CONTAINER", summary: "print what a container is doing, as JSON", options: []
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container())
        try StandardOutput.write(try container.listing().text(pretty: true) + "\n")
        return 0
    }

    static let kill = RuntimeCommand(
        names: ["kill"], usage: "CONTAINER [SIGNAL]", summary: "send a signal to a container's process",
        options: [.flag("all", "a", help: "send it to every process of the container")]
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container(atMost: 2))
        let number = try Signal.number(arguments.rest.count == 2 ? arguments.rest[1] : "SIGTERM")
        let wantsAll = arguments.has("all")
        // In a shared pid namespace nothing ends the others when the first process is gone.
        let sharesProcesses = try !container.configuration().linux.namespaces.contains { $0.type == "pid" }
        if wantsAll || number == SIGKILL && sharesProcesses {
            if let found = try container.inCgroup({ cgroup throws(CFSError) in try signalAll(cgroup, number) }) {
                guard found || wantsAll else { throw stopped() }
                return 0
            }
            // systemd has removed a scope that nobody lives in.
            if wantsAll, !container.document.unit.isEmpty { return 0 }
        }
        guard let process = try container.process(), try ProcessControl.signal(process.raw, number) else {
            throw stopped()
        }
        return 0
    }

    /// - Returns: whether there was anybody.
    private static func signalAll(_ cgroup: Cgroup, _ number: Int32) throws(CFSError) -> Bool {
        let found = try cgroup.processesBelow()
        if number == SIGKILL {
            try cgroup.kill()
            return !found.isEmpty
        }
        for pid in found {
            if let process = try ProcessControl.open(pid: pid) { try ProcessControl.signal(process.raw, number) }
        }
        return !found.isEmpty
    }

    private static func stopped() -> CFSError {
        CFSError(.containerNotRunning, .stopping, "container not running")
    }

    static let pause = RuntimeCommand(
        names: ["pause"], usage: "CONTAINER", summary: "stop all processes of a container where they are", options: []
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container())
        let status = try container.status()
        guard status == .running || status == .created else {
            throw CFSError(.invalidState, .stopping, "container not running: it is \(status.rawValue)")
        }
        try needed(container.cgroup()).freeze()
        return 0
    }

    static let resume = RuntimeCommand(
        names: ["resume"], usage: "CONTAINER", summary: "let a paused container go on", options: []
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container())
        guard try container.status() == .paused else {
            throw CFSError(.invalidState, .stopping, "container not paused")
        }
        try needed(container.cgroup()).thaw()
        return 0
    }

    static func needed(_ cgroup: Cgroup?) throws(CFSError) -> Cgroup {
        guard let cgroup else {
            throw CFSError(.invalidState, .looking, "the container has no cgroup: this host has no cgroup v2")
        }
        return cgroup
    }
}

extension RuntimeContainer {
    /// What `state` and `list` tell.
    func listing() throws(CFSError) -> JSON {
        let status = try status()
        return [
            "ociVersion": .string(document.ociVersion), "id": .string(document.id),
            "pid": .integer(status == .stopped ? 0 : Int64(document.pid)), "status": .string(status.rawValue),
            "bundle": .string(document.bundle), "rootfs": .string(document.rootfs),
            "created": .string(Timestamp.text(document.created)), "annotations": JSON(document.annotations),
            "owner": "root",
        ]
    }
}

/// `delete`.
enum DeleteCommand {
    static let command = RuntimeCommand(
        names: ["delete"], usage: "CONTAINER", summary: "remove a container that has stopped",
        options: [.flag("force", "f", help: "kill it first; one that does not exist is fine")]
    ) { arguments, context throws(CFSError) in
        let id = try arguments.container()
        let isForced = arguments.has("force")
        let container: RuntimeContainer
        do throws(CFSError) {
            container = try context.store.load(id)
        } catch {
            guard isForced, error.code == .containerNotFound || error.code == .invalidState else { throw error }
            try removeDebris(of: id, context.store)
            if error.code == .invalidState {
                context.log.warning("\(error.message); its folder is removed, what runs of it is not known")
            }
            return 0
        }
        let status = try container.status()
        guard status == .stopped || isForced else {
            throw CFSError(
                .containerRunning, .removing, "cannot delete container \(id) that is not stopped: \(status.rawValue)",
                hint: "delete --force kills it first")
        }
        // Nobody starts it meanwhile; a start that hangs ends with what is killed here.
        if isForced { try stop(container) }
        let lock = try container.lock()
        defer { withExtendedLifetime(lock) {} }
        if isForced { try stop(container) }
        let hooks =
            File.exists("\(container.folder)/config.json")
            ? try container.configuration(naming: ["poststop"])?.hooks : nil
        try destroy(container, hooks ?? RuntimeSpec.Hooks(), context.log)
        return 0
    }

    private static func stop(_ container: RuntimeContainer) throws(CFSError) {
        try container.inCgroup { cgroup throws(CFSError) in
            try cgroup.kill()
            // What was frozen ends only in a cgroup that thaws.
            if try cgroup.events().isFrozen { try cgroup.thaw() }
        }
        guard let process = try container.process() else { return }
        try ProcessControl.signal(process.raw, SIGKILL)
        let poll = try EventPoll()
        try poll.add(process.raw, .readable, token: 0)
        guard try !poll.wait(milliseconds: 10_000).isEmpty else {
            throw CFSError(
                .conflict, .removing, "the container's process \(container.document.pid) does not end",
                hint: "it may hang in the kernel, or be traced (TracerPid of /proc/\(container.document.pid)/status)")
        }
    }

    /// A making that was killed has left a folder that is no container; of a state that is damaged, by a power cut for example, nobody
    /// knows what else there was.
    private static func removeDebris(of id: String, _ store: ContainerStore) throws(CFSError) {
        guard File.exists(store.folder(id)) else { return }
        let document = ContainerDocument(ociVersion: "", id: id, bundle: "", rootfs: "", created: 0)
        let debris = RuntimeContainer(store: store, document: document)
        let lock = try debris.lock()
        defer { withExtendedLifetime(lock) {} }
        try debris.removeTraces()
    }

    /// Undoes what was made, then tells those who asked to be told (runtime.md, Lifecycle, steps 12 and 13).
    static func destroy(
        _ container: RuntimeContainer, _ hooks: RuntimeSpec.Hooks, _ log: RuntimeLog
    ) throws(CFSError) {
        if let cgroup = try container.cgroup() { try cgroup.remove() }
        container.endScope(log)
        runPoststopHooks(hooks, container.document, log)
        try container.removeTraces()
    }

    /// Each one that fails is a warning (runtime.md, Lifecycle, step 13).
    private static func runPoststopHooks(_ hooks: RuntimeSpec.Hooks, _ document: ContainerDocument, _ log: RuntimeLog) {
        let state = document.state(.stopped, pid: 0).json.bytes()
        for hook in hooks.poststop {
            do throws(CFSError) {
                try HookPlan(hook).run(state: state, point: "poststop")
            } catch {
                log.warning(error.description)
            }
        }
    }
}
