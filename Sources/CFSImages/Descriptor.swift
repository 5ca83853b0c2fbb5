import CFSModel

/// What refers to a blob: its type, digest and size (image-spec, descriptor.md).
struct Descriptor: Hashable, Sendable {
    struct Platform: Hashable, Sendable {
        var system: String
        var architecture: String
    }

    var mediaType: String
    var digest: Digest
    /// Bytes.
    var size: UInt64
    var platform: Platform?

    init(mediaType: String, digest: Digest, size: UInt64, platform: Platform? = nil) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
    }

    init(_ fields: DocumentFields) throws(CFSError) {
        mediaType = try fields.required("mediaType", fields.string("mediaType"))
        digest = try fields.required("digest", fields.digest("digest"))
        size = try fields.required("size", fields.unsigned("size"))
        if let platform = try fields.fields("platform") {
            self.platform = Platform(
                system: try platform.string("os") ?? "", architecture: try platform.string("architecture") ?? "")
        }
    }

    var json: JSON {
        var object = JSONObject([
            ("mediaType", .string(mediaType)), ("digest", .string("\(digest)")), ("size", JSON(unsigned: size)),
        ])
        if let platform {
            object["platform"] = ["architecture": .string(platform.architecture), "os": .string(platform.system)]
        }
        return .object(object)
    }
}
