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
        var template: Template?
        switch try TemplateFormat(format ?? "json") {
        case .json: break
        case .lines(let read): template = read
        case .table, .columns:
            throw CFSError(
                .invalidArgument, .parsing, "an image is shown as json or by a template only",
                hint: "leave --format away")
        }
        let engine = try globals.engine()
        var documents: [JSON] = []
        let status = try References.each(images) { reference throws(CFSError) in
            let document = try engine.inspectImage(reference)
            if let template {
                try StandardOutput.write(InspectText.line(template, document))
            } else {
                documents.append(document)
            }
        }
        if template == nil { try StandardOutput.write(JSON.array(documents)) }
        return status
    }
}
