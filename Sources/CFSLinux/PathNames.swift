/// How a path is taken apart: by bytes, as the kernel does it. A Character is what a reader sees: a mark that combines with what
/// stands before it (U+0301) makes one of a slash too, and a split by characters would not see that slash.
extension String {
    /// The names between the slashes; none is empty.
    package var pathNames: [String] { utf8.split(separator: 0x2f).map { String(Substring($0)) } }

    /// Whether it begins with a slash.
    package var isAbsolutePath: Bool { utf8.first == 0x2f }

    /// Whether it ends with a slash.
    package var endsWithSlash: Bool { utf8.last == 0x2f }

    /// Where its last slash is.
    package var lastSlash: String.Index? { utf8.lastIndex(of: 0x2f) }

    /// What stands before its last slash; without one the whole.
    package var parentFolder: String { String(self[..<(lastSlash ?? endIndex)]) }

    /// Whether it has a slash, so that it is more than a name.
    package var hasSlash: Bool { utf8.contains(0x2f) }

    /// Without the slashes at its beginning.
    package var relativePath: String { String(Substring(utf8.drop { $0 == 0x2f })) }
}
