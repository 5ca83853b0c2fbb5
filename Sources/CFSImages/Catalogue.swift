import CFSModel

/// The images that cfs knows by name before anything was imported: `Images/<Name>/image.json`.
///
/// Nothing is parsed before somebody asks for an entry: a start of an image that is there never does.
public struct Catalogue: Sendable {
    /// One file, unread.
    public struct Document: Sendable, Hashable {
        public var name: String
        /// JSON.
        public var text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    private let documents: [Document]

    public init(_ documents: [Document]) { self.documents = documents }

    /// The catalogue inside this executable.
    public static var embedded: Catalogue { Catalogue(embeddedDocuments) }

    public var names: [String] { documents.map(\.name) }

    /// The entry of exactly this name; nil when there is none.
    public func entry(named name: String) throws(CFSError) -> CatalogueEntry? {
        guard let document = documents.first(where: { $0.name == name }) else { return nil }
        do {
            return try CatalogueEntry(document)
        } catch {
            throw CFSError(
                .invalidConfiguration, .looking, "the catalogue's entry \(name) is wrong: \(error.message)")
        }
    }

    /// All entries, in the catalogue's order.
    public func entries() throws(CFSError) -> [CatalogueEntry] {
        var entries: [CatalogueEntry] = []
        for document in documents {
            if let entry = try entry(named: document.name) { entries.append(entry) }
        }
        return entries
    }
}
