import CFSModel

/// One image of the catalogue: what it is, where its makers keep it, and how it can be composed without them.
public struct CatalogueEntry: Sendable, Hashable {
    /// Where the image's makers publish it.
    public struct Upstream: Sendable, Hashable {
        public var url: String
        /// Of the file behind the address; nil when nobody stated it, and then nothing from there is installed unasked.
        public var digest: Digest?
    }

    public var name: String
    public var description: String
    public var upstream: Upstream?
    /// The default command.
    public var command: [String]
    /// `KEY=VALUE`.
    public var environment: [String]
    var recipe: OfflineRecipe?

    init(_ document: Catalogue.Document) throws(CFSError) {
        let fields = try DocumentFields(parsing: Array(document.text.utf8), "image.json")
        name = try fields.required("name", fields.string("name"))
        guard name == document.name else {
            throw DocumentFields.invalid("image.json says it is \(name)")
        }
        description = try fields.required("description", fields.string("description"))
        command = try fields.strings("command") ?? []
        environment = try fields.strings("environment") ?? []
        if let upstream = try fields.fields("upstream") {
            var digest: Digest?
            if let hex = try upstream.string("sha256") {
                digest = try DocumentFields.digest("sha256:\(hex)", "image.json, upstream, sha256")
            }
            self.upstream = Upstream(url: try upstream.required("url", upstream.string("url")), digest: digest)
        }
        if let recipe = try fields.fields("offline") { self.recipe = try OfflineRecipe(recipe) }
    }

    /// What the catalogue says about running the image.
    var configuration: ImageRecord.Configuration {
        var configuration = ImageRecord.Configuration()
        configuration.command = command
        configuration.environment = environment
        return configuration
    }
}
