import CFSCore
import CFSLinux
import Glibc

/// What the machine has that limits are counted against; asked only for a flag that needs it.
package struct HostFacts: Sendable {
    /// How many processors run.
    package var processors: @Sendable () -> Int
    /// As the kernel names them: `2MB`, `1GB`.
    package var hugePageSizes: @Sendable () -> [String]
    /// Paths of the disks, without those that lie in memory or in files.
    package var disks: @Sendable () -> [String]
    /// The disk behind a path.
    package var disk: @Sendable (String) throws(CFSError) -> DeviceNumber

    /// This machine.
    package static var current: HostFacts {
        HostFacts(
            processors: { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) },
            hugePageSizes: {
                let prefix = "hugepages-"
                let sizes = names(in: "/sys/kernel/mm/hugepages").compactMap { name in
                    name.hasPrefix(prefix) ? UInt64(name.dropFirst(prefix.count).prefix { $0.isNumber }) : nil
                }
                return sizes.sorted().map { HugePageSyntax.name($0 << 10) }
            },
            disks: {
                let inMemory = ["loop", "ram", "zram"]
                let names = names(in: "/sys/block").filter { name in !inMemory.contains { name.hasPrefix($0) } }
                return names.sorted().map { "/dev/\($0)" }
            },
            disk: { path throws(CFSError) in try DeviceNumber.disk(of: path) })
    }

    /// Bytes of memory of this machine.
    package static var memory: UInt64 {
        UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    }

    /// Whether this machine measures pressure (Linux 4.20, CONFIG_PSI, not turned off).
    package static var measuresPressure: Bool { File.exists("/proc/pressure/cpu") }

    /// The names in a folder; none where it cannot be read.
    private static func names(in folder: String) -> [String] {
        do throws(CFSError) {
            let opened = try Directory.open(folder)
            return try Directory.names(opened.raw)
        } catch {
            return []
        }
    }
}
