extension RuntimeCommand {
    /// All of them, in the order of the help.
    static let all: [RuntimeCommand] = [
        CreateCommand.create, CreateCommand.start, RunCommand.command, ExecCommand.command, LifeCommands.state,
        LifeCommands.kill, DeleteCommand.command, ListingCommands.list, ListingCommands.processes, LifeCommands.pause,
        LifeCommands.resume, CheckpointCommand.command, RestoreCommand.command, UpdateCommand.command,
        EventsCommand.command, SpecCommand.command,
        FeaturesCommand.command,
    ]
}
