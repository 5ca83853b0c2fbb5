import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// `restore`: a container whose processes CRIU makes as they were written down.
enum RestoreCommand {
    static let command = RuntimeCommand(
        names: ["restore"], usage: "CONTAINER", summary: "make a container of what checkpoint has written, with CRIU",
        options: CheckpointOptions.both + [
            .value("bundle", "b", placeholder: "DIR", help: "folder of the bundle (default: the current one)"),
            .value("console-socket", placeholder: "FILE", help: "Unix socket that takes the container's terminal"),
            .value("pid-file", placeholder: "FILE", help: "write the number of the container's process there"),
            .flag("detach", "d", help: "return once the container runs"),
            .flag("no-new-keyring", help: "keep the caller's session keyring"),
            .flag("no-pivot", help: "taken for its callers' sake: CRIU changes the root"),
            .flag("no-subreaper", help: "taken for its callers' sake: nothing is reaped here"),
            .value(
                "lsm-profile", placeholder: "TYPE:NAME",
                help: "apparmor or selinux, and the profile or label to run under"),
            .value("lsm-mount-context", placeholder: "CONTEXT", help: "SELinux context of mounts that had one"),
        ]
    ) { arguments, context throws(CFSError) in
        let id = try arguments.container()
        let image = try CheckpointOptions(arguments)
        let isDetached = arguments.has("detach")
        var options = ContainerMaking.Options()
        options.pidFile = try CreateCommand.absolute(arguments["pid-file"])
        options.consoleSocket = try CreateCommand.absolute(arguments["console-socket"])
        options.isSystemd = context.isSystemd
        // CRIU makes the cgroups below the container's by itself, and moves the processes there.
        options.asksSystemd = false
        options.ownsKeyring = !arguments.has("no-new-keyring")
        options.waitsAtGate = false
        options.staysInFront = !isDetached
        let making = try ContainerMaking(
            context.store, id: id, bundle: arguments["bundle"] ?? "", options: options, log: context.log)
        let program = try CRIUService.find(context.criu)
        guard File.exists("\(image.image)/\(CheckpointImage.fileName)") else {
            throw CFSError(
                .invalidArgument, .looking, "\(image.image) is no image of a checkpoint", path: image.image,
                errno: ENOENT, hint: "--image-path names the folder that checkpoint wrote")
        }
        let foreground = isDetached ? nil : try Foreground()
        let restoring = ContainerRestoring(
            making: making, options: image, program: program, profile: CheckpointOptions.text(arguments["lsm-profile"]),
            mountContext: CheckpointOptions.text(arguments["lsm-mount-context"]))
        let restored = try restoring.restore()
        let spec = making.configuration.spec
        do throws(CFSError) {
            try CreateCommand.runPoststartHooks(restored.container, spec, context.log)
        } catch {
            try RunCommand.end(restored.process.raw, restored.container, spec.hooks, context)
            throw error
        }
        guard let foreground else { return 0 }
        let status = try foreground.serve(restored.process.raw, terminal: restored.terminal)
        try RunCommand.remove(restored.container, spec.hooks, context)
        return status
    }
}
