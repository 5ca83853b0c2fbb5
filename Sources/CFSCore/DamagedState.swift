import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry

extension Engine {
    /// The start that the run folder tells of. Of one whose file is damaged, its monitor and the kernel are asked.
    func live(_ row: ContainerRow, _ folder: ContainerFolder) throws(CFSError) -> LiveState? {
        if let state = try folder.readState() { return state }
        return try seenState(row, folder)
    }

    /// Writes a damaged file anew, for those who read it themselves.
    func mendState(_ row: ContainerRow, _ folder: ContainerFolder) throws(CFSError) {
        guard try folder.readState() == nil, let seen = try seenState(row, folder) else { return }
        try folder.writeState(seen)
    }

    private func seenState(_ row: ContainerRow, _ folder: ContainerFolder) throws(CFSError) -> LiveState? {
        guard [.starting, .running, .stopping].contains(row.decision.phase), let startedAt = row.decision.startedAt
        else { return nil }
        if File.exists(folder.statePath) {
            // Written a moment ago, as a rule.
            guard try folder.hasDamagedState() else { return try folder.readState() }
        } else {
            // Somebody has removed it, unless the run has not begun, or has ended: then nobody listens any more.
            guard row.decision.phase == .running, File.exists(folder.socketPath),
                try folder.readExit().map({ $0.startedAt < startedAt }) ?? true
            else {
                return nil
            }
        }
        guard let monitor = try Self.monitor(of: folder) else { return nil }
        // The command is the first that its monitor has cloned and that is still there.
        let file = File.tryOpen("/proc/\(monitor)/task/\(monitor)/children", .read)
        guard file >= 0 else { return nil }
        let list = OwnedFD(file)
        let text = String(decoding: try File.readAll(list.raw), as: UTF8.self)
        guard let pid = text.split(separator: " ").first.flatMap({ Int32($0) }),
            let startTime = ProcessControl.startTime(of: pid)
        else { return nil }
        let cgroup = try cgroups().flatMap { hierarchy throws(CFSError) in try hierarchy.cgroup(row.id.text) }
        return LiveState(pid: pid, startTime: startTime, startedAt: startedAt, cgroup: cgroup?.path, timing: [])
    }

    /// The process that listens; nil when nobody does.
    private static func monitor(of folder: ContainerFolder) throws(CFSError) -> Int32? {
        do throws(CFSError) {
            return try folder.connect().peerProcess()
        } catch {
            guard error.code == .containerNotRunning else { throw error }
            return nil
        }
    }

    /// What a reader of the record should know: which of its files are damaged. One sentence each.
    func damage(_ folder: ContainerFolder, _ live: LiveState?, _ exit: ExitRecord?) -> [String] {
        var paths: [String] = []
        if exit?.isDamaged ?? false { paths.append(folder.exitPath) }
        // What is read from the file has phases; what the kernel was asked for has none.
        if let live, live.timing.isEmpty { paths.append(folder.statePath) }
        return paths.map { "the file \($0) is damaged" }
    }
}
