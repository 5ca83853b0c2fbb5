import CFSLinux
import CFSModel
import Glibc

/// The part of cgroup v2 that a user may write to (cgroup-v2.rst, Delegation).
enum Delegation {
    /// The caller's own cgroup of v2, as `/proc/self/cgroup` has it; nil when it has none.
    static func ownPath(_ text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("0::/") {
            let path = line.dropFirst(3)
            // A cgroup that was removed, and one outside the caller's cgroup namespace.
            return path.hasSuffix(" (deleted)") || path.hasPrefix("/..") ? nil : String(path)
        }
        return nil
    }

    static func ownPath() throws(CFSError) -> String? {
        ownPath(String(decoding: try File.readAll(at: "/proc/self/cgroup"), as: UTF8.self))
    }

    /// The topmost cgroup, from the caller's own upwards, that the caller may write to: a process can be cloned or moved
    /// only within one that holds both its old place and its new one. Nil when its own is not writable.
    ///
    /// systemd gives a user all below `user@UID.service`, and a unit with `Delegate=yes` all below itself.
    static func root(below mountPoint: String, from ownPath: String, _ isWritable: (String) -> Bool) -> String? {
        var found: String?
        var path = ownPath == "/" ? "" : ownPath
        while true {
            let place = mountPoint + path
            // The folder for new cgroups, the file for moving processes.
            guard isWritable(place), isWritable("\(place)/cgroup.procs") else { return found }
            found = place
            guard let slash = path.lastSlash else { return found }
            path = String(path[..<slash])
        }
    }

    static func root(below mountPoint: String) throws(CFSError) -> String? {
        guard let own = try ownPath() else { return nil }
        return root(below: mountPoint, from: own) { access($0, W_OK) == 0 }
    }

    /// A process and those that started it, from below (proc_pid_stat(5), field 4).
    static func ancestry(of pid: Int32) -> [Int32] {
        var found = [pid]
        while let last = found.last, let parent = parent(of: last), parent > 0, found.count < 1000 {
            found.append(parent)
        }
        return found
    }

    private static func parent(of pid: Int32) -> Int32? {
        let opened = File.tryOpen("/proc/\(pid)/stat", .read)
        guard opened >= 0 else { return nil }
        let file = OwnedFD(opened)
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = buffer.withUnsafeMutableBytes { File.read(file.raw, into: $0) }
        return count > 0 ? parent(inStat: String(decoding: buffer[..<count], as: UTF8.self)) : nil
    }

    /// The name before it, in parentheses, may hold anything.
    static func parent(inStat text: String) -> Int32? {
        guard let parenthesis = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: parenthesis)...].split(separator: " ")
        return fields.count > 1 ? Int32(fields[1]) : nil
    }
}
