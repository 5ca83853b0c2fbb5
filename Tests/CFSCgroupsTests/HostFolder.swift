import CFSCgroups
import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

/// A folder of a test's own in the host's cgroup v2, removed with what is in it.
final class HostFolder {
    let hierarchy: CgroupHierarchy

    static let isThere: Bool = {
        do {
            guard let found = try CgroupHierarchy.find(name: "cfs-test") else { return false }
            return access(found.mountPoint, W_OK) == 0
        } catch {
            return false
        }
    }()

    static let canFilterDevices: Bool = {
        guard isThere else { return false }
        do {
            let host = try HostFolder()
            var settings = CgroupSettings()
            settings.devices = .standard()
            _ = try host.hierarchy.create("probe", settings: settings)
            return true
        } catch {
            return false
        }
    }()

    init() throws {
        hierarchy = try #require(
            try CgroupHierarchy.find(name: "cfs-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"))
    }

    deinit {
        do {
            for name in try hierarchy.names() { try hierarchy.cgroup(name)?.remove() }
            try hierarchy.removeFolderIfEmpty()
        } catch {
            Issue.record("a test's cgroup is left: \(error)")
        }
    }

    /// A process that sleeps in a cgroup.
    func sleeper(in path: String) throws -> OwnedFD {
        let pid = try Spawn.start(
            "/bin/sh", ["sh", "-c", "echo $$ > '\(path)/cgroup.procs' && exec sleep 1000"],
            environment: ["PATH=/usr/bin:/bin"], descriptors: [], newSession: true)
        guard let pidfd = try ProcessControl.open(pid: pid) else {
            throw CFSError(.invalidState, .starting, "the sleeper of a test is gone")
        }
        try #require(eventually { textOfFile("\(path)/cgroup.procs")?.contains("\(pid)\n") == true })
        return pidfd
    }
}
