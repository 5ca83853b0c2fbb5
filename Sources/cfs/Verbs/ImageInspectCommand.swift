import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs image inspect`: everything that is known of an image.
struct ImageInspectCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is known of images.",
        usage: "cfs image inspect [<options>] <name> ...",
        discussion: """
            Prints a JSON array, or by a template a line for each image.

            Examples:
              cfs image inspect TinyCore
              cfs image inspect --format '{{json .Config.Cmd}}' TinyCore
            """)

    static let optionNames = OptionNames(values: ["format f"]) + GlobalOptions.optionNames

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Print as json, or by a template.", valueName: "format"),
        completion: .list(["json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Images, by name or ID.", completion: Completions.presentImages)
    var images: [String]

    func perform() throws(CFSError) -> Int32 {
        let engine = try globals.engine()
        return try References.inspect(images, format, "an image") { name throws(CFSError) in
            try engine.inspectImage(name)
        }
    }
}
