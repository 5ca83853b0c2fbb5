import CFSLayers
import CFSLinux
import CFSModel

extension ImageStore {
    /// Fetches an image from the address that the catalogue states, verifies it, and imports it under its name.
    ///
    /// The bytes go to a file without a name, so nothing is left of a fetch that ends early, however it ends.
    ///
    /// - Parameter name: of the catalogue, exactly.
    /// - Throws: `imageNotFound` for a name that is not in the catalogue or has no address; `invalidArgument` when
    ///   nobody states the file's SHA-256; `networkFailed`, `digestMismatch`, `limitExceeded`; what importing throws.
    @discardableResult
    public func fetch(
        name: String, options: FetchOptions = FetchOptions(),
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) async throws(CFSError) -> ImageRecord {
        let reference = try ImageReference(name)
        let entry = try fetchable(reference)
        guard let upstream = entry.upstream else {
            throw CFSError(
                .imageNotFound, .fetching,
                "\(entry.name) has no upstream image: it is composed from this machine's own files",
                hint: "run it: `cfs run \(entry.name)` needs no internet")
        }
        guard let digest = options.digest ?? upstream.digest else {
            throw CFSError(
                .invalidArgument, .fetching,
                "the catalogue states no SHA-256 for \(upstream.url), and unverified bytes are not installed",
                hint: "pass the one that its makers publish with --sha256, or download the file yourself and run "
                    + "`cfs image import \(entry.name) FILE`")
        }
        let download = try Download(upstream.url, options)
        try Directory.makeAll(root)
        let file = try SharedFD(UnnamedFile.make(in: root))
        do throws(CFSError) {
            try await download.run(into: file, expecting: digest, progress)
        } catch {
            throw error.naming(fullStore: root)
        }
        // Importing does not look for it.
        if Task.isCancelled { throw Download.cancelled(upstream.url) }
        let path = "/proc/self/fd/\(file.raw)"
        do throws(CFSError) {
            let record = try add(reference, from: path, source: .upstream, options.importing, progress)
            extendLifetime(file)
            return record
        } catch {
            throw error.naming(path, upstream.url)
        }
    }

    private func fetchable(_ reference: ImageReference) throws(CFSError) -> CatalogueEntry {
        if let entry = try catalogue.entry(named: reference.name) { return entry }
        let nearest = NearestName.suggestions(for: reference.name, among: catalogue.names)
        let names = (nearest.isEmpty ? catalogue.names : nearest).joined(separator: ", ")
        throw CFSError(
            .imageNotFound, .fetching, "there is no image \"\(reference.name)\" in the catalogue",
            hint: nearest.isEmpty ? "it has \(names)" : "did you mean \(names)?")
    }
}
