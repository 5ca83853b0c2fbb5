import CFSLinux
import CFSModel

/// Processor architectures by their OCI names (those of Go's GOARCH).
package enum ImageArchitecture {
    /// What this machine runs, its own first.
    package static var runnable: [String] {
        #if arch(x86_64)
        ["amd64", "386"]
        #elseif arch(arm64)
        ["arm64", "arm"]
        #else
        []
        #endif
    }

    package static var native: String { runnable.first ?? "unknown" }

    /// Programs that a system has, the most telling first.
    private static let programs = ["bin/sh", "bin/busybox", "sbin/init", "usr/bin/env", "bin/ls", "init"]

    /// The architecture of the programs in unpacked layers; that of this machine when none is found.
    static func detect(in layers: [String]) throws(CFSError) -> String {
        for program in programs {
            for layer in layers.reversed() {
                let root = try Directory.open(layer)
                guard let head = try head(of: program, below: root.raw), let header = ELFHeader(head) else { continue }
                return header.architecture
            }
        }
        return native
    }

    /// Whether the layers hold a file of this name, also behind links.
    static func hasFile(_ path: String, in layers: [String]) throws(CFSError) -> Bool {
        for layer in layers {
            let root = try Directory.open(layer)
            if try head(of: path, below: root.raw) != nil { return true }
        }
        return false
    }

    /// The first bytes of a regular file; nil when there is none.
    private static func head(of path: String, below root: Int32) throws(CFSError) -> [UInt8]? {
        let fd = File.tryOpen(path, below: root, [.read, .nonBlocking, .noControllingTerminal], resolve: .inRoot)
        guard fd >= 0 else { return nil }
        let file = OwnedFD(fd)
        guard try File.status(at: file.raw).isRegular else { return nil }
        return try File.read(file.raw, atMost: 4096, path: path)
    }
}
