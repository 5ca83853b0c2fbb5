import ArgumentParser
import CFSCore
import CFSOptions

extension NamespaceOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(help: ArgumentHelp("PID namespace: private, host, container:<id> or a path.", valueName: "namespace"))
        var pid: String?

        @Option(help: ArgumentHelp("IPC namespace, likewise.", valueName: "namespace"))
        var ipc: String?

        @Option(help: ArgumentHelp("UTS namespace, likewise.", valueName: "namespace"))
        var uts: String?

        @Option(
            help: ArgumentHelp("User namespace, likewise; host makes root inside root outside.", valueName: "namespace")
        )
        var userns: String?

        @Option(help: ArgumentHelp("Cgroup namespace, likewise.", valueName: "namespace"))
        var cgroupns: String?

        @Option(help: ArgumentHelp("Time namespace, likewise.", valueName: "namespace"))
        var timens: String?
    }
}
