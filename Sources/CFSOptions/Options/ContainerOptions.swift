import CFSCore

/// Everything that `run` and `explain` know of a container.
package struct ContainerOptions {
    package static let optionNames =
        StreamOptions.optionNames + IdentityOptions.optionNames + ProcessOptions.optionNames
        + FileSystemOptions.optionNames + SecurityOptions.optionNames + NamespaceOptions.optionNames
        + NetworkOptions.optionNames + ResourceOptions.optionNames + LifeOptions.optionNames
        + LoggingOptions.optionNames

    package let streams: StreamOptions
    package let identity: IdentityOptions
    private let process: ProcessOptions
    private let files: FileSystemOptions
    private let security: SecurityOptions
    private let namespaces: NamespaceOptions
    private let network: NetworkOptions
    private let resources: ResourceOptions
    private let life: LifeOptions
    private let logging: LoggingOptions
    private let image: String
    private let command: [String]

    /// - Parameter verb: as the user wrote it, for errors.
    /// - Throws: `.invalidArgument` when there is no image.
    package init(_ arguments: CanonicalArguments, verb: String) throws(CFSError) {
        image = try arguments.word(0, "image", verb: verb)
        guard !image.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "the name of the image is empty", hint: "see cfs images --all")
        }
        command = Array(arguments.words.dropFirst())
        streams = StreamOptions(arguments)
        identity = IdentityOptions(arguments)
        process = ProcessOptions(arguments)
        files = FileSystemOptions(arguments)
        security = SecurityOptions(arguments)
        namespaces = NamespaceOptions(arguments)
        network = NetworkOptions(arguments)
        resources = ResourceOptions(arguments)
        life = LifeOptions(arguments)
        logging = LoggingOptions(arguments)
    }

    /// The container that the options describe.
    ///
    /// - Throws: `.invalidArgument` for the first option that is wrong. Nothing was touched then but files that options name.
    package func spec(_ caller: Caller, _ host: HostFacts = .current) throws(CFSError) -> ContainerSpec {
        var spec = ContainerSpec(image: image, command: command)
        spec.terminal = streams.tty
        spec.interactive = streams.interactive
        try identity.fill(&spec, caller)
        try process.fill(&spec, caller)
        try files.fill(&spec, caller)
        try security.fill(&spec, caller)
        try namespaces.fill(&spec)
        try network.fill(&spec)
        try resources.fill(&spec, caller, host)
        try life.fill(&spec)
        try logging.fill(&spec)
        return spec
    }
}
