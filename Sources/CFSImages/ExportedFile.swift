import CFSLayers
import CFSLinux
import CFSModel
import Glibc

/// A file of the caller's that appears whole or not at all. What is no file, a device or a pipe, is written into.
public enum ExportedFile {
    /// - Parameters:
    ///   - path: of the new file; one that is there is replaced.
    ///   - name: of a file, for the hint to whoever names a folder.
    public static func write(
        to path: String, suggesting name: String, _ body: (any ByteSink) throws(CFSError) -> Void
    ) throws(CFSError) {
        let path = try target(of: path)
        if let status = File.statusIfThere(path), !status.isRegular, !status.isDirectory {
            return try writeInto(path, body)
        }
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

    /// What a symbolic link leads to: the link stays, as with every program that writes a file.
    private static func target(of path: String) throws(CFSError) -> String {
        guard File.statusIfThere(path)?.isSymbolicLink ?? false else { return path }
        guard let resolved = realpath(path, nil) else {
            throw CFSError(
                .invalidArgument, .recording, "\(path) is a link that leads nowhere", systemCall: "realpath",
                path: path, errno: errno, hint: "name the file itself")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func writeInto(_ path: String, _ body: (any ByteSink) throws(CFSError) -> Void) throws(CFSError) {
        let file = try File.open(path, [.write, .noControllingTerminal], phase: .recording)
        guard isatty(file.raw) == 0 else {
            throw CFSError(
                .invalidArgument, .recording, "\(path) is a terminal, and an archive is no text", path: path,
                hint: "name a file")
        }
        let sink = BufferedSink(FileSink(try file.duplicate(), path: path))
        try body(sink)
        try sink.flush()
    }

    private static func isKernel(_ folder: String) -> Bool {
        let opened = File.tryOpen(folder, [.path, .directory])
        guard opened >= 0 else { return false }
        let file = OwnedFD(opened)
        return KernelFile.isIn(file.raw)
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
                case ENOENT where isKernel(folder), EACCES where isKernel(folder), EPERM where isKernel(folder):
                    (
                        "\(folder) is a view into the kernel, in which no files can be made",
                        "name a file in another folder"
                    )
                case ENOENT: ("there is no folder \(folder)", "make it first: mkdir -p \(folder)")
                case ENOTDIR: ("\(folder) is not a folder", "name a file in a folder that is there")
                default: ("no file can be made in the folder \(folder)", "name a folder that can be written to")
                }
            throw CFSError(
                error.code, .recording, text, systemCall: error.systemCall, path: path, errno: error.errno, hint: hint)
        }
    }
}
