import CFSLayers
import CFSLinux
import CFSModel
import CLinux

/// Asks a BusyBox of this machine which programs it is.
enum BusyBoxApplets {
    private static let sizeLimit = 1 << 20

    /// The applets by the names under which they are usually installed: `bin/ls`, `usr/bin/env`.
    static func list(_ path: String) throws(CFSError) -> [String] {
        let closeOnExec = 1
        // A file in memory takes any amount of output without somebody reading meanwhile (memfd_create(2)).
        let created = "applets".withCString { rawCall(cfs_nr_memfd_create, address($0), closeOnExec) }
        let output = OwnedFD(try checked(created, "memfd_create", .importing))
        let pid = try Spawn.start(
            path, ["busybox", "--list-full"], environment: [], descriptors: [(1, from: output.raw)], newSession: false)
        guard let process = try ProcessControl.open(pid: pid),
            let end = try ProcessControl.reap(process.raw, wait: true), end.status == 0
        else {
            throw CFSError(.imageNotFound, .importing, "\(path) --list-full failed", path: path)
        }
        // Opened anew, because the child has moved the position that it shares.
        let listing = try FileSource(path: "/proc/self/fd/\(output.raw)").readAll(limit: sizeLimit)
        return String(decoding: listing, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
