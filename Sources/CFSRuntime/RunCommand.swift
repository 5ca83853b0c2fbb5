import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// `run`: `create` and `start`, and to stay until the end.
enum RunCommand {
    static let command = RuntimeCommand(
        names: ["run"], usage: "CONTAINER", summary: "make a container of a bundle, and run its command",
        options: CreateCommand.options + [
            .flag("detach", "d", help: "return once the command runs"),
            .flag("keep", help: "keep the container when its command has ended"),
        ]
    ) { arguments, context throws(CFSError) in
        let id = try arguments.container()
        var options = try CreateCommand.making(arguments, context)
        let isDetached = arguments.has("detach")
        options.waitsAtGate = false
        options.staysInFront = !isDetached
        let making = try ContainerMaking(
            context.store, id: id, bundle: arguments["bundle"] ?? "", options: options, log: context.log)
        let foreground = isDetached ? nil : try Foreground()
        let (container, process) = try making.make()
        let spec = making.configuration.spec
        do throws(CFSError) {
            try CreateCommand.sendHandle(process.pidfd, arguments)
            try process.start(agent: try Seccomp.agent(spec, container.state(.created)))
            try CreateCommand.runPoststartHooks(container, spec, context.log)
        } catch {
            try end(process.pidfd, container, spec.hooks, context)
            throw error
        }
        guard let foreground else { return 0 }
        let status = try foreground.serve(process.pidfd, terminal: process.terminal)
        if !arguments.has("keep") { try remove(container, spec.hooks, context) }
        return status
    }

    /// Ends a container that was just made, by its process, a child of this one.
    static func end(
        _ pidfd: Int32, _ container: RuntimeContainer, _ hooks: RuntimeSpec.Hooks, _ context: RuntimeContext
    ) throws(CFSError) {
        try ProcessControl.signal(pidfd, SIGKILL)
        _ = try ProcessControl.reap(pidfd, wait: true)
        try remove(container, hooks, context)
    }

    /// Somebody may be faster, and may even have made another of the same name: then there is nothing to do, and the end of the
    /// command is what is told.
    static func remove(
        _ container: RuntimeContainer, _ hooks: RuntimeSpec.Hooks, _ context: RuntimeContext
    ) throws(CFSError) {
        do throws(CFSError) {
            let lock = try container.lock()
            defer { withExtendedLifetime(lock) {} }
            let there = try context.store.load(container.document.id)
            guard there.document.pid == container.document.pid, there.document.created == container.document.created
            else { return }
            try DeleteCommand.destroy(container, hooks, context.log)
        } catch {
            guard error.code == .containerNotFound else { throw error }
        }
    }
}
