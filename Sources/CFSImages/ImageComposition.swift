import CFSLayers
import CFSModel

extension ImageStore {
    /// Composes an image of the catalogue from this machine's BusyBox and the entry's thin layer, and names it.
    ///
    /// Two callers at once are fine: the second finds what the first has made.
    func compose(_ entry: CatalogueEntry) throws(CFSError) -> ImageRecord {
        guard let recipe = entry.recipe else { throw try notFound(entry.name) }
        return try change(.standard) { transaction throws(CFSError) in
            if let image = try names.image(named: entry.name) { return image }
            let base = try transaction.add(EntryList(try BusyBoxBase.entries(lookingIn: busyBoxPaths)), over: nil)
            let thin = try transaction.add(EntryList(recipe.entries), over: base)
            let record = try transaction.finish(
                ImageDocument(
                    architecture: try BusyBoxBase.architecture(lookingIn: busyBoxPaths),
                    configuration: entry.configuration, diffIDs: [base, thin].map(\.layer.diffID)),
                layers: [base, thin], name: entry.name, source: .offline)
            try names.put(record)
            return record
        }
    }
}
