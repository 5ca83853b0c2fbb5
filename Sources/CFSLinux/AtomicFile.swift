import CFSModel
import Glibc

/// Files that appear whole or not at all.
public enum AtomicFile {
    /// Writes `bytes` under `name`: a temporary name, write, (fsync,) rename, (fsync of the folder).
    ///
    /// - Parameter durable: whether the file must survive a power cut. What a reader can rebuild need not.
    public static func write(
        _ bytes: [UInt8], to name: String, in directory: Int32 = File.currentDirectory, mode: UInt32 = 0o600,
        durable: Bool
    ) throws(CFSError) {
        // A name of its own: several threads, too, may write the same file at once.
        var generator = SystemRandomNumberGenerator()
        let temporary = "\(name).\(String(generator.next() as UInt64, radix: 16)).partial"
        do {
            do {
                let fd = try File.open(
                    temporary, [.write, .create, .exclusive, .noFollow], mode: mode, at: directory, phase: .recording)
                try File.writeAll(fd.raw, bytes, path: name)
                if durable { try Directory.synchronize(fd.raw) }
            }
            try checked(
                renameat(directory, temporary, directory, name) == 0 ? 0 : -Int(errno), "renameat", .recording,
                path: name)
        } catch {
            _ = unlinkat(directory, temporary, 0)
            throw error
        }
        if durable {
            let folder = name.lastSlash.map { name[..<name.utf8.index(after: $0)] } ?? "."
            let opened = try Directory.open(String(folder), at: directory)
            try Directory.synchronize(opened.raw)
        }
    }
}
