import ArgumentParser
import CFSCore

/// `cfs images`: the images.
struct ImagesCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "List images.",
        usage: "cfs images [<options>] [<name>]",
        discussion: """
            SIZE is how long the files are; what they take of the disk, where files with holes take less, \
            "cfs system df" counts. SHARED is the part of it that other images have too: it lies on the disk once.

            \(ImageListOptions.notes)

            Examples:
              cfs images --all
              cfs images BusyBox
              cfs images --format '{{.Repository}}:{{.Tag}} {{.Size}}'
            """)

    static let optionNames = ImageListOptions.optionNames

    @OptionGroup var options: ImageListOptions

    func perform() throws(CFSError) -> Int32 {
        try options.print()
        return 0
    }
}

/// `cfs image ls`: the same by another name.
struct ImageLsCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List images; the same as \"cfs images\".",
        usage: "cfs image ls [<options>] [<name>]",
        discussion: """
            Example:
              cfs image ls --format json
            """,
        aliases: ["list"])

    static let optionNames = ImageListOptions.optionNames

    @OptionGroup var options: ImageListOptions

    func perform() throws(CFSError) -> Int32 {
        try options.print()
        return 0
    }
}
