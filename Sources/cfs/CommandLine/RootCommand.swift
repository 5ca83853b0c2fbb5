import ArgumentParser

/// The tree that help texts and completion scripts come from.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cfs",
        abstract: "Run programs in containers.",
        usage: "cfs [--root <folder>] [--run <folder>] <command> ...",
        discussion: """
            Examples:
              cfs run -it --rm TinyCore sh
              cfs run -d --name web -v ./site:/srv:ro BusyBox httpd -f -h /srv
              cfs ps -a
            """,
        groupedSubcommands: [
            CommandGroup(
                name: "Container",
                subcommands: [
                    RunCommand.self, CreateCommand.self, StartCommand.self, ExecCommand.self, AttachCommand.self,
                    PsCommand.self, LogsCommand.self, StopCommand.self, RestartCommand.self, KillCommand.self,
                    PauseCommand.self,
                    UnpauseCommand.self, UpdateCommand.self, TopCommand.self,
                    StatsCommand.self, RmCommand.self, InspectCommand.self, ExplainCommand.self,
                ]),
            CommandGroup(name: "Image", subcommands: [ImagesCommand.self, ImageCommand.self]),
            CommandGroup(
                name: "Engine",
                subcommands: [
                    EventsCommand.self, HistoryCommand.self, InfoCommand.self, DoctorCommand.self, VersionCommand.self,
                    SystemCommand.self,
                ]),
        ])

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    /// Read before the tree is built (see ``Invocation``); it stands here for the help text.
    @Flag(name: [.customShort("v"), .long], help: "Show the version.")
    var version = false
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

/// `cfs system`: what is done with the engine's state.
struct SystemCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "system",
        abstract: "Put the engine's state right.",
        discussion: """
            Example:
              cfs system recover
            """,
        subcommands: [RecoverCommand.self])
}
