import CFSModel

/// Which extended attributes of an image reach the disk (xattr(7), capabilities(7), the kernel's overlayfs.rst).
enum AttributePolicy {
    enum Verdict: Hashable {
        case keep, drop, refuse
    }

    /// - `user.*` and a file's `security.capability` are kept: programs and the kernel need them inside.
    /// - `trusted.*` and `user.overlay.*` are refused: the first speak to the host's own software, the second to
    ///   overlayfs, which would serve other files than the layer has.
    /// - All others are dropped: labels of another machine's SELinux or IMA, and access lists with its ids.
    static func verdict(_ name: String, of kind: ArchiveEntry.Kind) -> Verdict {
        if name.hasPrefix("trusted.") || name.hasPrefix("user.overlay.") || name.utf8.contains(0) { return .refuse }
        switch kind {
        case .file: return name.hasPrefix("user.") || name == "security.capability" ? .keep : .drop
        case .directory: return name.hasPrefix("user.") ? .keep : .drop
        // The kernel has no such attributes on links and devices.
        default: return .drop
        }
    }

    /// Those of an entry that are kept.
    ///
    /// - Throws: `unsafeLayer` when one is refused.
    static func kept(of entry: ArchiveEntry) throws(CFSError) -> [ExtendedAttribute] {
        var kept: [ExtendedAttribute] = []
        for attribute in entry.attributes {
            switch verdict(attribute.name, of: entry.kind) {
            case .keep: kept.append(attribute)
            case .drop: continue
            case .refuse:
                let name = ArchiveName(attribute.name).printable
                throw CFSError(
                    .unsafeLayer, .unpacking,
                    "\"\(entry.name.printable)\" has the attribute \(name), which a layer must not set",
                    path: entry.name.printable, hint: "do not use this image")
            }
        }
        return kept
    }
}
