import CFSModel
import CLinux
import Glibc

/// Files that appear whole or not at all.
public enum AtomicFile {
    /// Writes `bytes` under `name`: a temporary name, write, (fsync,) rename, (fsync of the folder).
    ///
    /// - Parameters:
    ///   - durable: whether the file must survive a power cut. What a reader can rebuild need not.
    ///   - endsWithBoot: whether it means nothing after one. A file that takes the place of another by rename(2) is written out at once
    ///     by ext4 (auto_da_alloc), and its removal waits for the disk; one that changes places with it is not.
    public static func write(
        _ bytes: [UInt8], to name: String, in directory: Int32 = File.currentDirectory, mode: UInt32 = 0o600,
        durable: Bool, endsWithBoot: Bool = false
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
            if endsWithBoot, exchange(temporary, name, directory) {
                _ = unlinkat(directory, temporary, 0)
                return
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

    /// False where there is nothing of that name yet, and where the file system cannot.
    private static func exchange(_ one: String, _ other: String, _ directory: Int32) -> Bool {
        one.withCString { one in
            other.withCString { other in
                rawCall(
                    cfs_nr_renameat2, Int(directory), address(one), Int(directory), address(other),
                    Int(CFS_RENAME_EXCHANGE)) == 0
            }
        }
    }
}
