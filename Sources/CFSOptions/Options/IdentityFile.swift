import CFSCore
import CFSLinux
import Glibc

/// The file of `--cidfile`: it must not be there before, and stays only with its container.
package final class IdentityFile {
    package let path: String
    private var isWritten = false

    /// - Throws: `.conflict` when the file is there; `.invalidArgument` for a path that is empty or too long.
    package init(_ path: String, _ caller: Caller) throws(CFSError) {
        guard !path.isEmpty else { throw CFSError(.invalidArgument, .parsing, "--cidfile is empty") }
        self.path = try caller.absolute(path, of: "--cidfile")
        if File.exists(self.path) { throw exists }
    }

    private var exists: CFSError {
        CFSError(
            .conflict, .preparing, "the file \(path) of --cidfile exists already", path: path,
            hint: "remove it, or use another name")
    }

    package func write(_ id: ContainerID) throws(CFSError) {
        let result = File.tryOpen(path, [.write, .create, .exclusive, .noFollow], mode: 0o644)
        if result == -ErrorCode.exists { throw exists }
        let fd = OwnedFD(try checked(result, "openat", .recording, path: path))
        isWritten = true
        do throws(CFSError) {
            try File.writeAll(fd.raw, Array(id.text.utf8), path: path)
        } catch {
            remove()
            throw error
        }
    }

    /// Takes the file away again, if it is ours.
    package func remove() { if isWritten { unlink(path) } }
}
