import CFSModel

/// The media types of an image's parts (image-spec, media-types.md), with those that Docker's archives use instead.
enum MediaType {
    static let index = "application/vnd.oci.image.index.v1+json"
    static let manifest = "application/vnd.oci.image.manifest.v1+json"
    static let configuration = "application/vnd.oci.image.config.v1+json"
    static let tar = "application/vnd.oci.image.layer.v1.tar"
    static let tarGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
    static let tarZstd = "application/vnd.oci.image.layer.v1.tar+zstd"

    static let indexes: Set = [index, "application/vnd.docker.distribution.manifest.list.v2+json"]
    static let manifests: Set = [manifest, "application/vnd.docker.distribution.manifest.v2+json"]
    static let configurations: Set = [configuration, "application/vnd.docker.container.image.v1+json"]
    static let layers: Set = [
        tar, tarGzip, tarZstd, "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.docker.image.rootfs.diff.tar.zstd",
    ]

    /// The image-spec's name for a layer that Docker's archives call otherwise.
    static func ofLayer(_ type: String) -> String {
        switch type {
        case "application/vnd.docker.image.rootfs.diff.tar": tar
        case "application/vnd.docker.image.rootfs.diff.tar.gzip": tarGzip
        case "application/vnd.docker.image.rootfs.diff.tar.zstd": tarZstd
        default: type
        }
    }

    /// Fails unless `type` is one of `known`. What else a layer can be (encrypted, foreign, no file system at all) must
    /// not be unpacked as if it were a tar.
    static func check(_ type: String, among known: Set<String>, _ what: String) throws(CFSError) {
        guard known.contains(type) else {
            throw CFSError(
                .invalidArchive, .importing,
                "\(what) has the media type \"\(type.prefix(200))\", which is not supported")
        }
    }
}
