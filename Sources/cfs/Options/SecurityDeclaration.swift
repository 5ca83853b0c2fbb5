import ArgumentParser
import CFSCore
import CFSOptions

extension SecurityOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(help: ArgumentHelp("Add a capability: NET_ADMIN, or ALL.", valueName: "capability"))
        var capAdd: [String] = []

        @Option(help: ArgumentHelp("Drop a capability, or ALL.", valueName: "capability"))
        var capDrop: [String] = []

        @Option(
            help: ArgumentHelp("seccomp=<file>, seccomp=unconfined, no-new-privileges=false.", valueName: "option"))
        var securityOpt: [String] = []

        @Flag(help: "Give all capabilities but those dropped, no seccomp filter, no masked paths.")
        var privileged = false

        @Option(
            help: ArgumentHelp("Set a namespaced kernel parameter: net.core.somaxconn=512.", valueName: "name=value"))
        var sysctl: [String] = []
    }
}
