import ArgumentParser
import CFSCore

/// `cfs rename`: another name for a container.
struct RenameCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a container another name.",
        usage: "cfs rename [<options>] <container> <name>",
        discussion: """
            Its host name stays as it is.

            Example:
              cfs rename web web-old
            """)

    static let optionNames = GlobalOptions.optionNames

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    @Argument(help: "The new name.")
    var name: String

    func perform() throws(CFSError) -> Int32 {
        try globals.engine().container(container).rename(to: name)
        return 0
    }
}
