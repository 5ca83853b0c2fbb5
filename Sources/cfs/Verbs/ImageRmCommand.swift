import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs image rm`: images, with the layers that nobody else needs.
struct ImageRmCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove images.",
        usage: "cfs image rm [<options>] <name> ...",
        discussion: """
            Example:
              cfs image rm alpine
            """,
        aliases: ["remove"])

    static let optionNames = OptionNames(flags: ["force f"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Remove the last name of an image that containers use; they keep its layers.")
    var force = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Images, by name or ID.", completion: Completions.presentImages)
    var images: [String]

    func perform() throws(CFSError) -> Int32 {
        let engine = try globals.engine()
        return try References.each(images) { reference throws(CFSError) in
            let removal = try engine.removeImage(reference, force: force)
            for name in removal.names { try StandardOutput.write("\(Printable.text(name))\n") }
        }
    }
}
