import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import CLinux
import Glibc

/// One thing that cfs needs or likes, and how it is with it here.
public struct Finding: Sendable, Hashable {
    public enum Verdict: String, Sendable, Hashable {
        case good
        /// Works, with less than there could be.
        case warning
        /// Containers cannot run without it.
        case missing
    }

    public var name: String
    public var verdict: Verdict
    public var detail: String
    public var hint: String?

    init(_ name: String, _ verdict: Verdict, _ detail: String, hint: String? = nil) {
        self.name = name
        self.verdict = verdict
        self.detail = detail
        self.hint = hint
    }
}

extension Engine {
    /// Looks whether this machine can run containers, and what it lacks.
    public func diagnose() -> [Finding] {
        [
            privilege, kernel, userNamespaces, overlay, store(at: options.root), cgroupVersion, pidsController,
        ] + damagedRegistry + controllers + [resources, seccomp, runtime, busyBox]
    }

    var privilege: Finding {
        let user = geteuid()
        return user == 0
            ? Finding("privilege", .good, "root")
            : Finding("privilege", .missing, "user \(user)", hint: "run cfs as root, for example with sudo")
    }

    private var kernel: Finding {
        let machine = Machine()
        // The oldest kernel that the tests run on. Overlays over id-mapped layers, which every start needs, came with 5.19.
        return machine.kernelVersion >= (6, 1)
            ? Finding("kernel", .good, machine.kernel)
            : Finding("kernel", .missing, machine.kernel, hint: "cfs needs Linux 6.1 or newer")
    }

    /// None of one that can be read, or is not there yet.
    private var damagedRegistry: [Finding] {
        guard geteuid() == 0, File.exists("\(options.root)/registry.db") else { return [] }
        do throws(CFSError) {
            _ = try registry.containers()
            return []
        } catch {
            return [Finding("registry", .missing, error.description, hint: error.hint)]
        }
    }

    private var userNamespaces: Finding {
        let path = "/proc/sys/user/max_user_namespaces"
        guard let text = Self.text(path), let limit = Int(text), File.exists("/proc/self/ns/user") else {
            return Finding("user namespaces", .missing, "not in this kernel", hint: "run containers with --userns host")
        }
        return limit > 0
            ? Finding("user namespaces", .good, "up to \(limit)")
            : Finding("user namespaces", .missing, "forbidden", hint: "sysctl user.max_user_namespaces=65536")
    }

    private var overlay: Finding {
        let isThere =
            Self.text("/proc/filesystems")?.split(separator: "\n").contains { $0.hasSuffix("\toverlay") } ?? false
        return isThere
            ? Finding("overlay", .good, "in the kernel")
            : Finding("overlay", .warning, "not loaded yet", hint: "modprobe overlay")
    }

    /// File systems whose mounts can have an id map (mount_setattr(2)), by their magic numbers (statfs(2)).
    private static let mappable: [Int: String] = [
        0xef53: "ext4", 0x5846_5342: "xfs", 0x9123_683e: "btrfs", 0x0102_1994: "tmpfs", 0xf2f5_2010: "f2fs",
        0x4006: "fat",
        0x2fc1_2fc1: "zfs",
    ]

    private func store(at path: String) -> Finding {
        var place = path
        while !File.exists(place), let slash = place.lastSlash, slash != place.startIndex {
            place = String(place[..<slash])
        }
        do throws(CFSError) {
            let folder = try Directory.open(place)
            let magic = Int(cfs_filesystem_magic(folder.raw))
            guard let name = Self.mappable[magic] else {
                return Finding(
                    "store", .missing,
                    "\(path) lies on a file system (0x\(String(magic, radix: 16))) that has no id-mapped mounts",
                    hint: "choose another folder with --root, on ext4, xfs or btrfs")
            }
            if let room = DiskRoom(at: place), room.isNearlyGone {
                return Finding(
                    "store", .warning,
                    "\(path) on \(name), with \(ByteCount(room.free)) of \(ByteCount(room.size)) free",
                    hint: "`cfs system df` says what takes the room; `cfs rm` and `cfs system prune` make some")
            }
            return Finding("store", .good, "\(path) on \(name)")
        } catch {
            return Finding("store", .missing, error.description, hint: error.hint)
        }
    }

    private var cgroupVersion: Finding {
        do throws(CFSError) {
            guard let hierarchy = try cgroups() else {
                return Finding("cgroup v2", .warning, "not mounted", hint: "mount -t cgroup2 none /sys/fs/cgroup")
            }
            return Finding("cgroup v2", .good, hierarchy.mountPoint)
        } catch {
            return Finding("cgroup v2", .warning, error.description)
        }
    }

    private var pidsController: Finding {
        do throws(CFSError) {
            let controllers = try cgroups()?.controllers() ?? []
            return controllers.contains("pids")
                ? Finding("pids limit", .good, "\(ContainerPlan.pidsLimit) for each container")
                : Finding(
                    "pids limit", .warning, "pids is bound to cgroup v1: containers have no limit of processes",
                    hint: "boot with systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all")
        } catch {
            return Finding("pids limit", .warning, error.description)
        }
    }

    /// One for each controller whose limits cannot be set; see ``pidsController`` for that of processes.
    private var controllers: [Finding] {
        do throws(CFSError) {
            guard let hierarchy = try cgroups() else { return [] }
            return try hierarchy.missing([.memory, .cpu, .io, .cpuset]).map {
                Finding("\($0.controller) limits", .warning, $0.reason, hint: $0.hint)
            }
        } catch {
            return [Finding("limits of resources", .warning, error.description)]
        }
    }

    private var resources: Finding {
        do throws(CFSError) {
            return try Capability.isEffective("SYS_RESOURCE")
                ? Finding("ulimits", .good, "resource limits (--ulimit) can be raised")
                : Finding(
                    "ulimits", .warning, "resource limits (--ulimit) cannot be raised above the hard limits here",
                    hint: "CAP_SYS_RESOURCE is missing")
        } catch {
            return Finding("ulimits", .warning, error.description)
        }
    }

    private var seccomp: Finding {
        let actions = Self.text("/proc/sys/kernel/seccomp/actions_avail")
        return actions == nil
            ? Finding(
                "seccomp", .missing, "not in this kernel", hint: "run containers with --security-opt seccomp=unconfined"
            )
            : Finding("seccomp", .good, "filters are available")
    }

    private var runtime: Finding {
        do throws(CFSError) {
            return Finding("cfs-runtime", .good, try RuntimeExecutable.find(options))
        } catch {
            return Finding("cfs-runtime", .missing, error.message, hint: error.hint)
        }
    }

    private var busyBox: Finding {
        let paths = ["/bin/busybox", "/usr/bin/busybox"]
        guard let path = paths.first(where: { File.exists($0) }) else {
            return Finding(
                "offline images", .warning,
                "TinyCore, SlitazOS and BusyBox cannot be composed: there is no static BusyBox",
                hint: "apt-get install busybox-static, or import an image")
        }
        return Finding("offline images", .good, path)
    }

    /// A small file's text without its last line feed; nil when it cannot be read.
    private static func text(_ path: String) -> String? {
        do throws(CFSError) {
            let text = String(decoding: try File.readAll(at: path), as: UTF8.self)
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        } catch {
            return nil
        }
    }
}
