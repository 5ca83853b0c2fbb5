import ArgumentParser
import CFSCore
import CFSOptions

extension ContainerOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @OptionGroup(title: "Streams") var streams: StreamOptions.Declaration
        @OptionGroup(title: "Identity") var identity: IdentityOptions.Declaration
        @OptionGroup(title: "Process") var process: ProcessOptions.Declaration
        @OptionGroup(title: "Files and devices") var files: FileSystemOptions.Declaration
        @OptionGroup(title: "Security") var security: SecurityOptions.Declaration
        @OptionGroup(title: "Namespaces") var namespaces: NamespaceOptions.Declaration
        @OptionGroup(title: "Network") var network: NetworkOptions.Declaration
        @OptionGroup(title: "Limits") var resources: ResourceOptions.Declaration
        @OptionGroup(title: "Restarts and health") var life: LifeOptions.Declaration
        @OptionGroup(title: "Log") var logging: LoggingOptions.Declaration
        @OptionGroup(title: "Engine options") var globals: GlobalOptions

        @Argument(
            help: ArgumentHelp("The image, by name or ID.", valueName: "image"), completion: Completions.images)
        var image: String

        @Argument(help: ArgumentHelp("The command inside, with its arguments.", valueName: "command"))
        var command: [String] = []
    }
}
