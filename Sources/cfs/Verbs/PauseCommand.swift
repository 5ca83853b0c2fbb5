import ArgumentParser
import CFSCore

/// `cfs pause`: containers stand still.
struct PauseCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Make all processes of containers stand still.",
        usage: "cfs pause [<options>] <container> ...",
        discussion: """
            They keep their memory, and go on where they were with "cfs unpause".

            Example:
              cfs pause web
            """)

    static let optionNames = GlobalOptions.optionNames

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.running)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        let engine = try globals.engine()
        return try References.eachContainer(containers, engine) { container throws(CFSError) in
            try container.pause()
        }
    }
}

/// `cfs unpause`: they go on.
struct UnpauseCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "unpause",
        abstract: "Let paused containers go on.",
        usage: "cfs unpause [<options>] <container> ...",
        discussion: """
            Example:
              cfs unpause web
            """)

    static let optionNames = GlobalOptions.optionNames

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.paused)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        let engine = try globals.engine()
        return try References.eachContainer(containers, engine) { container throws(CFSError) in
            try container.unpause()
        }
    }
}
