import CFSLinux
import CFSModel
import Glibc

/// The executable `cfs-runtime`, found and ready to start.
struct RuntimeExecutable {
    let path: String
    /// Keeps a copy in memory alive until it was started.
    private let memory: SharedFD?

    /// - Parameter sealed: runs it from a copy in memory that nobody can write to. A container without a user namespace of
    ///   its own has the host's root, who could otherwise open the file through `/proc/self/exe` (CVE-2019-5736).
    init(_ options: EngineOptions, sealed: Bool) throws(CFSError) {
        let found = try Self.find(options)
        guard sealed else {
            (path, memory) = (found, nil)
            return
        }
        let copy = try SealedCopy.make(of: found)
        (path, memory) = ("/proc/self/fd/\(copy.raw)", copy)
    }

    static func find(_ options: EngineOptions) throws(CFSError) -> String {
        if let path = options.runtime {
            guard access(path, X_OK) == 0 else {
                throw CFSError(
                    .invalidConfiguration, .starting, "\(path) cannot be executed", systemCall: "access", path: path,
                    errno: errno,
                    hint: "CFS_RUNTIME must name the executable cfs-runtime")
            }
            return path
        }
        var folders: [String] = []
        let own = try File.readLink("/proc/self/exe")
        if let slash = own.lastSlash { folders.append(String(own[..<slash])) }
        let searched = EngineOptions.variable("PATH") ?? "/usr/local/bin:/usr/bin"
        folders += searched.split(separator: ":").map(String.init).filter(\.isAbsolutePath)
        for folder in folders where access("\(folder)/cfs-runtime", X_OK) == 0 { return "\(folder)/cfs-runtime" }
        throw CFSError(
            .invalidConfiguration, .starting, "the executable cfs-runtime is not found",
            hint:
                "it belongs beside the program or into a folder of PATH; the variable CFS_RUNTIME, or `runtime` of "
                + "EngineOptions, can name another place")
    }
}

/// A file in memory that can be executed and never changed (memfd_create(2), file sealing).
enum SealedCopy {
    static func make(of path: String) throws(CFSError) -> SharedFD {
        let source = try File.open(path, .read, phase: .starting)
        let copy = SharedFD(try MemoryFile.make("cfs-runtime", sealable: true))
        var left = try File.status(at: source.raw).size
        while left > 0 {
            let sent = sendfile(copy.raw, source.raw, nil, Int(left))
            try checked(sent < 0 ? -Int(errno) : sent, "sendfile", .starting, path: path)
            if sent == 0 { break }
            left -= Int64(sent)
        }
        try MemoryFile.seal(copy.raw)
        return copy
    }
}
