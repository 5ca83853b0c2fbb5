import ArgumentParser

/// All verbs, by the words that call them.
enum Verbs {
    /// Verbs that have verbs of their own.
    static let groups = ["container", "image", "network", "system"]

    /// The verb of a name, at the top or in a group; a switch, so that a start looks at one type only.
    static func find(_ group: String?, _ name: String) -> (any Verb.Type)? {
        switch (group, name) {
        case (nil, "run"): RunCommand.self
        case (nil, "create"): CreateCommand.self
        case (nil, "start"): StartCommand.self
        case (nil, "restart"): RestartCommand.self
        case (nil, "events"): EventsCommand.self
        case (nil, "history"): HistoryCommand.self
        case (nil, "exec"): ExecCommand.self
        case (nil, "attach"): AttachCommand.self
        case (nil, "ps"): PsCommand.self
        case (nil, "logs"): LogsCommand.self
        case (nil, "stop"): StopCommand.self
        case (nil, "kill"): KillCommand.self
        case (nil, "rm"): RmCommand.self
        case (nil, "inspect"): InspectCommand.self
        case (nil, "update"): UpdateCommand.self
        case (nil, "pause"): PauseCommand.self
        case (nil, "unpause"): UnpauseCommand.self
        case (nil, "top"): TopCommand.self
        case (nil, "stats"): StatsCommand.self
        case (nil, "cp"): CpCommand.self
        case (nil, "diff"): DiffCommand.self
        case (nil, "commit"): CommitCommand.self
        case (nil, "export"): ExportCommand.self
        case (nil, "explain"): ExplainCommand.self
        case (nil, "port"): PortCommand.self
        case (nil, "wait"): WaitCommand.self
        case (nil, "rename"): RenameCommand.self
        case ("container", "ls"), ("container", "list"), ("container", "ps"): ContainerLsCommand.self
        case ("container", "prune"): ContainerPruneCommand.self
        case ("container", "remove"): RmCommand.self
        case ("container", _): ofContainers(name)
        case (nil, "images"): ImagesCommand.self
        case ("image", "ls"), ("image", "list"): ImageLsCommand.self
        case ("image", "import"): ImageImportCommand.self
        case ("image", "fetch"): ImageFetchCommand.self
        case ("image", "export"): ImageExportCommand.self
        case ("image", "inspect"): ImageInspectCommand.self
        case ("image", "rm"), ("image", "remove"): ImageRmCommand.self
        case ("network", "create"): NetworkCreateCommand.self
        case ("network", "ls"), ("network", "list"): NetworkLsCommand.self
        case ("network", "inspect"): NetworkInspectCommand.self
        case ("network", "rm"), ("network", "remove"): NetworkRmCommand.self
        case ("network", "prune"): NetworkPruneCommand.self
        case ("network", "connect"): NetworkConnectCommand.self
        case ("network", "disconnect"): NetworkDisconnectCommand.self
        case (nil, "server"): ServerCommand.self
        case (nil, "info"): InfoCommand.self
        case (nil, "doctor"): DoctorCommand.self
        case (nil, "version"): VersionCommand.self
        case ("system", "recover"): RecoverCommand.self
        case ("system", "restore"): RestoreCommand.self
        case ("system", "df"): SystemDfCommand.self
        case ("system", "prune"): SystemPruneCommand.self
        default: nil
        }
    }

    /// `cfs container stop` is `cfs stop`, for every verb that is about containers.
    private static func ofContainers(_ name: String) -> (any Verb.Type)? {
        RootCommand.containerVerbs.contains { $0._commandName == name } ? find(nil, name) : nil
    }

    /// The names below a group, or at the top.
    static func names(in group: String?) -> [String] {
        let types: [any ParsableCommand.Type]
        switch group {
        case "container": types = ContainerCommand.configuration.subcommands
        case "image": types = ImageCommand.configuration.subcommands
        case "network": types = NetworkCommand.configuration.subcommands
        case "system": types = SystemCommand.configuration.subcommands
        default: types = RootCommand.configuration.subcommands
        }
        return types.map { $0._commandName }
    }
}
