import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSImages

@Suite("A file without a name")
struct UnnamedFileTests {
    private let folder = TemporaryDirectory()

    private func changed() throws -> [Int64] {
        let status = try File.status(folder.path)
        return [status.mtime_seconds, status.mtime_nanoseconds]
    }

    private func holdsBytes(_ file: borrowing OwnedFD) throws -> Bool {
        try File.writeAll(file.raw, Array("bytes".utf8))
        // As importing reads it.
        return try File.readAll(at: "/proc/self/fd/\(file.raw)") == Array("bytes".utf8)
    }

    @Test("it never had one: the folder is as it was")
    func neverNamed() throws {
        var old = [timespec(tv_sec: 1_000_000_000, tv_nsec: 5), timespec(tv_sec: 1_000_000_000, tv_nsec: 5)]
        try #require(utimensat(AT_FDCWD, folder.path, &old, 0) == 0)
        let file = try UnnamedFile.make(in: folder.path)
        #expect(try changed() == [1_000_000_000, 5])
        #expect(try holdsBytes(file))
    }

    @Test(
        "where the file system cannot do that, it has one for a moment",
        arguments: [EOPNOTSUPP, EISDIR, EINVAL])
    func fallback(number: Int32) throws {
        let file = try UnnamedFile.make(in: folder.path) { _ in -Int(number) }
        #expect(namesInFolder(folder.path) == [])
        #expect(try holdsBytes(file))
    }

    @Test("any other failure is told", arguments: [ENOSPC, EACCES, EMFILE, ENOENT])
    func failures(number: Int32) {
        let error = failure { () throws(CFSError) in
            _ = try UnnamedFile.make(in: folder.path) { _ in -Int(number) }.release()
        }
        #expect(error?.errno == number && error?.path == folder.path)
    }
}
