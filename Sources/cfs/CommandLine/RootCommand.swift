import ArgumentParser

/// The tree that help texts and completion scripts come from.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cfs",
        abstract: "Run programs in containers.",
        usage: "cfs [--host <address>] [--root <folder>] [--run <folder>] <command> ...",
        discussion: """
            Examples:
              cfs run -it --rm TinyCore sh
              cfs run -d --name web -v ./site:/srv:ro BusyBox httpd -f -h /srv
              cfs ps -a
            """,
        groupedSubcommands: [
            CommandGroup(
                name: "Container", subcommands: containerVerbs + [ContainerCommand.self]),
            CommandGroup(name: "Image", subcommands: [ImagesCommand.self, ImageCommand.self]),
            CommandGroup(name: "Network", subcommands: [NetworkCommand.self]),
            CommandGroup(
                name: "Engine",
                subcommands: [
                    ServerCommand.self, EventsCommand.self, HistoryCommand.self, InfoCommand.self, DoctorCommand.self,
                    VersionCommand.self,
                    SystemCommand.self,
                ]),
        ])

    /// Those that stand at the top, and below `container` too.
    static let containerVerbs: [any ParsableCommand.Type] = [
        RunCommand.self, CreateCommand.self, StartCommand.self, ExecCommand.self, AttachCommand.self, PsCommand.self,
        LogsCommand.self,
        StopCommand.self, RestartCommand.self, KillCommand.self, PauseCommand.self, UnpauseCommand.self,
        WaitCommand.self, RenameCommand.self, UpdateCommand.self, TopCommand.self, StatsCommand.self,
        CpCommand.self, DiffCommand.self, CommitCommand.self, ExportCommand.self, PortCommand.self, RmCommand.self,
        InspectCommand.self, ExplainCommand.self,
    ]

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    /// Read before the tree is built (see ``HostAddress``); it stands here for the help text.
    @Option(
        help: ArgumentHelp(
            "Daemon that carries out the command: unix:///run/cfs/cfsd.sock (CFS_HOST, or none).", valueName: "address")
    )
    var host: String?

    /// Read before the tree is built (see ``Invocation``); it stands here for the help text.
    @Flag(name: [.customShort("v"), .long], help: "Show the version.")
    var version = false
}

/// `cfs container`: what is done with containers, as other engines call it.
struct ContainerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "container",
        abstract: "The same commands by longer names, and prune.",
        discussion: """
            A container is named by its ID, else by its name, else by the beginning of its ID, where no other begins so.

            Example:
              cfs container prune
            """,
        subcommands: RootCommand.containerVerbs.filter { $0 != PsCommand.self }
            + [ContainerLsCommand.self, ContainerPruneCommand.self])
}

/// `cfs image`: what is done with images.
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "List, import, fetch, export and remove images.",
        discussion: """
            Example:
              cfs image import alpine ./alpine.tar
            """,
        subcommands: [
            ImageLsCommand.self, ImageImportCommand.self, ImageFetchCommand.self, ImageExportCommand.self,
            ImageInspectCommand.self, ImageRmCommand.self,
        ])
}

/// `cfs network`: what is done with networks.
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network",
        abstract: "Make, list and remove networks, and put containers on them.",
        discussion: """
            Example:
              cfs network create blue && cfs run -d --network blue --name web BusyBox httpd -f
            """,
        subcommands: [
            NetworkCreateCommand.self, NetworkLsCommand.self, NetworkInspectCommand.self, NetworkRmCommand.self,
            NetworkPruneCommand.self, NetworkConnectCommand.self, NetworkDisconnectCommand.self,
        ])
}

/// `cfs system`: what is done with the engine's state.
struct SystemCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "system",
        abstract: "Measure, tidy up and put right the engine's state.",
        discussion: """
            Example:
              cfs system df
            """,
        subcommands: [
            SystemDfCommand.self, SystemPruneCommand.self, RecoverCommand.self, RestoreCommand.self,
        ])
}
