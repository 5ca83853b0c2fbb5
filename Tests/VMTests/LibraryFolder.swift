import CFSCgroups
import CFSModel
import TestSupport
import Testing

/// A folder of a test's own in the machine's cgroup v2, removed with all that is in it.
final class LibraryFolder {
    let hierarchy: CgroupHierarchy

    init() throws {
        let found = try CgroupHierarchy.find(name: "cfs-library-\(UInt32.random(in: 0...UInt32.max))")
        hierarchy = try #require(found)
    }

    deinit {
        do {
            for name in try hierarchy.names() { try hierarchy.cgroup(name)?.remove() }
            try hierarchy.removeFolderIfEmpty()
        } catch {
            Issue.record("a test's cgroup is left: \(error)")
        }
    }

    func cgroup(_ name: String = "one", _ change: (inout CgroupLimits) throws -> Void = { _ in }) throws -> Cgroup {
        var limits = CgroupLimits()
        try change(&limits)
        return try hierarchy.create(name, settings: try CgroupSettings(limits))
    }
}

extension Cgroup {
    /// A shell script that runs in the cgroup.
    func run(_ script: String) -> RunningCommand {
        RunningCommand(
            ["/bin/sh", "-c", "echo $$ > '\(path)/cgroup.procs' || exit 99\n\(script)"],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
    }

    func file(_ name: String) -> String? { textOfFile("\(path)/\(name)") }

    func apply(_ change: (inout CgroupLimits) throws -> Void) throws {
        var limits = CgroupLimits()
        try change(&limits)
        try apply(try CgroupSettings(limits))
    }

    func statistics() throws -> CgroupStatistics {
        try #require(try CgroupStatisticsReader(self).read())
    }
}
