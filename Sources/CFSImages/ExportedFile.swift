import CFSLayers
import CFSLinux
import CFSModel
import Glibc

/// A file of the caller's that appears whole or not at all.
public enum ExportedFile {
    /// - Parameters:
    ///   - path: of the new file; one that is there is replaced.
    ///   - name: of a file, for the hint to whoever names a folder.
    public static func write(
        to path: String, suggesting name: String, _ body: (any ByteSink) throws(CFSError) -> Void
    ) throws(CFSError) {
        let temporary = "\(path).\(getpid()).partial"
        let file = try create(temporary, for: path, name)
        do throws(CFSError) {
            let sink = BufferedSink(FileSink(try file.duplicate(), path: temporary))
            try body(sink)
            try sink.flush()
            try Directory.synchronize(file.raw)
            try checked(rename(temporary, path) == 0 ? 0 : -Int(errno), "rename", .recording, path: path)
        } catch {
            _ = unlink(temporary)
            throw error
        }
    }

    private static func create(_ temporary: String, for path: String, _ name: String) throws(CFSError) -> OwnedFD {
        // The rename at the end would find that out as well, when all has been written.
        if File.statusIfThere(path)?.isDirectory ?? false {
            throw CFSError(
                .invalidArgument, .recording, "\(path) is a folder", path: path,
                hint: "name a file in it: \(path.hasSuffix("/") ? path : path + "/")\(name)")
        }
        do throws(CFSError) {
            return try File.open(
                temporary, [.write, .create, .truncate, .noFollow], mode: 0o644, phase: .recording)
        } catch {
            let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            let (text, hint) =
                switch error.errno {
                case ENOENT: ("there is no folder \(folder)", "make it first: mkdir -p \(folder)")
                case ENOTDIR: ("\(folder) is not a folder", "name a file in a folder that is there")
                default: ("no file can be made in the folder \(folder)", "name a folder that can be written to")
                }
            throw CFSError(
                error.code, .recording, text, systemCall: error.systemCall, path: path, errno: error.errno, hint: hint)
        }
    }
}
