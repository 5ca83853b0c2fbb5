import ArgumentParser
import CFSCore

/// `cfs image inspect`: everything that is known of an image.
struct ImageInspectCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is known of images, as JSON.",
        usage: "cfs image inspect [<options>] <name> ...",
        discussion: """
            Example:
              cfs image inspect TinyCore
            """)

    static let optionNames = OptionNames(values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as json.", valueName: "format"), completion: .list(["json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Images, by name or ID.", completion: Completions.images)
    var images: [String]

    func perform() throws(CFSError) -> Int32 {
        if format != nil, try ListFormat(format) == .table {
            throw CFSError(.invalidArgument, .parsing, "an image is shown as json only", hint: "leave --format away")
        }
        let engine = try globals.engine()
        var documents: [JSON] = []
        let status = try References.each(images) { reference throws(CFSError) in
            documents.append(try engine.inspectImage(reference))
        }
        try StandardOutput.write(JSON.array(documents))
        return status
    }
}
