import Glibc

/// What one engine (one `--root` and `--run`) holds of the system at a moment: mounts, cgroups, processes and folders.
public struct Leaks: Sendable, Equatable, CustomStringConvertible {
    public var mounts: Set<String> = []
    public var cgroups: Set<String> = []
    public var processes: Set<String> = []
    public var folders: Set<String> = []

    public var isEmpty: Bool { mounts.isEmpty && cgroups.isEmpty && processes.isEmpty && folders.isEmpty }

    /// What is there now.
    ///
    /// - Parameters:
    ///   - root: the engine's state folder.
    ///   - run: its run folder.
    ///   - cgroup: the folder of its containers' cgroups (`cfs info` names it), or nil on a host without cgroup v2.
    public init(root: String, run: String, cgroup: String?) {
        for line in (textOfFile("/proc/self/mountinfo") ?? "").split(separator: "\n")
        where line.contains(root) || line.contains(run) {
            mounts.insert(String(line))
        }
        if let cgroup {
            // A container's folder is named by its id; the others are the kernel's control files.
            for name in namesInFolder(cgroup) where name.utf8.count == 36 { cgroups.insert("\(cgroup)/\(name)") }
        }
        for pid in namesInFolder("/proc") where pid.first?.isNumber ?? false {
            guard let bytes = textOfFile("/proc/\(pid)/cmdline") else { continue }
            let words = bytes.split(separator: "\0").map(String.init)
            // An engine's processes name its folders in their arguments; a test runner does not.
            if words.dropFirst().contains(where: { $0.hasPrefix(root) || $0.hasPrefix(run) }), let name = words.first,
                name.hasSuffix("cfs-runtime") || name.hasSuffix("cfs") || name.hasPrefix("cfs")
            {
                processes.insert("\(pid): \(words.joined(separator: " "))")
            }
        }
        for folder in ["\(root)/containers", run] {
            // What networks share is nobody's but theirs.
            for name in namesInFolder(folder) where name != "networks" { folders.insert("\(folder)/\(name)") }
        }
    }

    /// What is here and was not there before.
    public func subtracting(_ before: Leaks) -> Leaks {
        var rest = self
        rest.mounts.subtract(before.mounts)
        rest.cgroups.subtract(before.cgroups)
        rest.processes.subtract(before.processes)
        rest.folders.subtract(before.folders)
        return rest
    }

    public var description: String {
        let parts = [("mount", mounts), ("cgroup", cgroups), ("process", processes), ("folder", folders)]
        let lines = parts.flatMap { kind, values in values.sorted().map { "\(kind) \($0)" } }
        return lines.isEmpty ? "nothing is left" : lines.joined(separator: "\n")
    }
}
