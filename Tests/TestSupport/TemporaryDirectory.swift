import Glibc

/// A folder of a test's own, removed with all that is in it when the last reference to it goes.
public final class TemporaryDirectory: Sendable {
    public let path: String

    /// - Parameter parent: a folder on the file system that the test needs; `/var/tmp` is on disk where `/tmp` may not be.
    public init(in parent: String = "/var/tmp") {
        var template = Array("\(parent)/cfs-test.XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
        precondition(made, "mkdtemp in \(parent): \(String(cString: strerror(errno)))")
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit { remove() }

    /// Removes it now, for what lives as long as the process.
    public func remove() { Self.removeTree(path, at: AT_FDCWD) }

    /// A path below the folder.
    public func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Adds to the end of a file below the folder.
    public func append(_ text: String, to name: String) {
        let handle = open(self(name), O_WRONLY | O_APPEND | O_CLOEXEC)
        precondition(handle >= 0, "open \(name): \(String(cString: strerror(errno)))")
        defer { close(handle) }
        let bytes = Array(text.utf8)
        precondition(Glibc.write(handle, bytes, bytes.count) == bytes.count, "write \(name)")
    }

    /// Writes a file below the folder, with the folders that lead to it.
    @discardableResult
    public func write(_ text: String, to name: String, mode: mode_t = 0o644) -> String {
        let file = self(name)
        makeFolders(upTo: name)
        let handle = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        precondition(handle >= 0, "open \(file): \(String(cString: strerror(errno)))")
        defer { close(handle) }
        fchmod(handle, mode)
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(handle, $0.baseAddress, $0.count) }
            precondition(count > 0, "write \(file): \(String(cString: strerror(errno)))")
            done += count
        }
        return file
    }

    /// Sets an extended attribute of a file below the folder.
    public func setAttribute(_ attribute: String, to value: String, of name: String) {
        let bytes = Array(value.utf8)
        let result = bytes.withUnsafeBytes {
            GNUFunctions.setExtendedAttribute(self(name), attribute, $0.baseAddress, $0.count, 0)
        }
        precondition(result == 0, "setxattr \(self(name)): \(String(cString: strerror(errno)))")
    }

    /// Makes a folder below the folder, with those that lead to it.
    @discardableResult
    public func makeFolder(_ name: String, mode: mode_t = 0o755) -> String {
        makeFolders(upTo: name + "/.")
        chmod(self(name), mode)
        return self(name)
    }

    private func makeFolders(upTo name: String) {
        var folder = path
        for component in name.split(separator: "/").dropLast() {
            folder += "/\(component)"
            mkdir(folder, 0o755)
        }
    }

    /// Removes a name and what is below it; names stay bytes, since a test may make some that are no text.
    private static func removeTree(_ name: UnsafePointer<CChar>, at parent: Int32) {
        if unlinkat(parent, name, 0) == 0 { return }
        let handle = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if handle >= 0, let folder = fdopendir(handle) {
            while let entry = readdir(folder) {
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { child in
                        let isSelfOrParent = strcmp(child, ".") == 0 || strcmp(child, "..") == 0
                        if !isSelfOrParent { removeTree(child, at: handle) }
                    }
                }
            }
            closedir(folder)
        }
        unlinkat(parent, name, AT_REMOVEDIR)
    }
}
