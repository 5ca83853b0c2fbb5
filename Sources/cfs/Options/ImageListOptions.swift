import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// The options of `images` and `image ls`, and what both do.
struct ImageListOptions: ParsableArguments {
    static let optionNames =
        OptionNames(flags: ["all a", "quiet q", "no-trunc"], values: ["format"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Show those of the catalogue too that are not here yet.")
    var all = false

    @Flag(name: .shortAndLong, help: "Print IDs only.")
    var quiet = false

    @Flag(help: "Do not shorten IDs.")
    var noTrunc = false

    static let notes = """
        A template has a line for each image, with the fields ID, Name, Repository, Tag, Digest, CreatedAt, CreatedSince, \
        Size, SharedSize, Source and Architecture, and .Label "key"; "table" before it makes columns of what stands \
        between tabs.
        """

    @Option(
        help: ArgumentHelp("Print as table, json, or by a template.", valueName: "format"),
        completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Images of this name only; without a tag, of every one.", completion: Completions.presentImages)
    var name: String?

    func print() throws(CFSError) {
        let format = try TemplateFormat(format)
        let engine = try globals.engine()
        let images = try engine.images()
        var list = ImageList(
            images, layers: engine.layerUse(images), now: SystemClock.realtime, isFull: noTrunc)
        if all { list.absent = try engine.catalogue().filter { !$0.isPresent } }
        if let name { list.narrow(to: name) }
        switch format {
        case _ where quiet: try StandardOutput.write(list.ids)
        case .table: try StandardOutput.write(list.table)
        case .json: try StandardOutput.write(list.json)
        case .lines(let template):
            try StandardOutput.write(list.templates.lines(template, isTerminal: Terminal.isTerminal(1)))
        case .columns(let template): try StandardOutput.write(list.templates.columns(template))
        }
    }
}
