import CFSLayers

/// How to import an image.
public struct ImportOptions: Sendable {
    /// What the archive may ask for.
    public var limits = ArchiveLimits.standard
    /// Replaces the default command; nil takes the archive's own, the catalogue's, or `/bin/sh` where there is one.
    public var command: [String]?

    public init() {}
}
