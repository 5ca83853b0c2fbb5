import CFSCore

/// What is said of an image that has just come.
enum ImageNote {
    /// `alpine  6f3a... (7.1MiB, 1 layer)`, or the whole ID alone.
    static func text(_ image: ImageRecord, isQuiet: Bool) -> String {
        if isQuiet { return "\(image.digest)\n" }
        let layers = image.layers.count == 1 ? "1 layer" : "\(image.layers.count) layers"
        return "\(image.name)  \(image.digest.short)  (\(ByteCount(image.size)), \(layers))\n"
    }
}
