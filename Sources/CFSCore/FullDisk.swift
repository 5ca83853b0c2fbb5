import CFSLinux
import CFSModel

extension EngineOptions {
    /// An error as it is shown to a user. One of a full disk names the folder of the engine whose disk that is, and what makes
    /// room there. All others stay as they are: those with a hint of their own, and those of a disk that is the user's matter,
    /// such as one that an image is written to.
    public func explaining(_ error: CFSError) -> CFSError {
        guard error.code == .noSpace, error.hint == nil else { return error }
        switch fullFolder(error) {
        case root:
            return error.hinting(
                "make room on the disk of \(root): stop what still writes there, then remove containers with `cfs rm`, or what "
                    + "nobody uses with `cfs system prune`")
        case run:
            return error.hinting(
                "make room on the disk of \(run), for example by stopping containers, or name another folder: --run or CFS_RUN"
            )
        default: return error
        }
    }

    /// What the error is about, as its path says; else the folder whose disk is full now. Paths are often of one file in a
    /// folder that is gone when the error is told.
    private func fullFolder(_ error: CFSError) -> String? {
        if let path = error.path, path.isAbsolutePath {
            let names = path.pathNames
            // The longer one first: one may lie in the other.
            let folders = [root, run].sorted { $0.utf8.count > $1.utf8.count }
            if let folder = folders.first(where: { names.starts(with: $0.pathNames) }) { return folder }
        }
        return [root, run].first { DiskRoom.isGone(at: $0) }
    }
}
