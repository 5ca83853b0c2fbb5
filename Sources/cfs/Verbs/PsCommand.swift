import ArgumentParser
import CFSCore

/// `cfs ps`: the containers.
struct PsCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "List containers.",
        usage: "cfs ps [<options>]",
        discussion: """
            \(ContainerListOptions.notes)

            Examples:
              cfs ps -a --filter status=exited --filter label=team=web
              cfs ps --format 'table {{.ID}}\\t{{.Names}}\\t{{.Status}}'
            """)

    static let optionNames = ContainerListOptions.optionNames

    @OptionGroup var options: ContainerListOptions

    func perform() throws(CFSError) -> Int32 {
        try options.print()
        return 0
    }
}

/// `cfs container ls`: the same by another name.
struct ContainerLsCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List containers; the same as \"cfs ps\".",
        usage: "cfs container ls [<options>]",
        discussion: """
            Example:
              cfs container ls -a
            """,
        aliases: ["list", "ps"])

    static let optionNames = ContainerListOptions.optionNames

    @OptionGroup var options: ContainerListOptions

    func perform() throws(CFSError) -> Int32 {
        try options.print()
        return 0
    }
}
