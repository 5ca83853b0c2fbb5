import CFSModel

extension CFSError {
    /// The same error, in words about where the bytes came from instead of where they were kept.
    func naming(_ path: String, _ name: String) -> CFSError {
        guard self.path == path else { return self }
        var copy = self
        copy.path = nil
        let parts = message.split(separator: Substring(path), omittingEmptySubsequences: false)
        copy.message = parts.joined(separator: name)
        return copy
    }

    /// The same error, for a disk that is full in words about the store: what was being written has no name, or lies in a
    /// folder that is gone by now.
    func naming(fullStore root: String) -> CFSError {
        guard code == .noSpace else { return self }
        var copy = self
        copy.message = "there is no space left for the image in \(root)"
        copy.path = root
        copy.hint = "make room there, for example with cfs system prune, or keep images elsewhere: --root or CFS_ROOT"
        return copy
    }
}
