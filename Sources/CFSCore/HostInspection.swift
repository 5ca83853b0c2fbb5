import CFSModel
import CFSMonitor

/// What of a container concerns its host, under the names that users of Docker know.
struct HostInspection {
    let request: MonitorRequest

    private static let propagations: Set<String> = [
        "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable",
    ]

    /// The mounts that the caller asked for. The engine's own come first in the configuration: its file systems, one for each
    /// place, and its files of `/etc`, which have their names in a folder that is named by the container.
    private var callersMounts: [RuntimeSpec.Mount] {
        var own = MountConfiguration.kernelFileSystems(access: "ro")
        return request.spec.mounts.filter { mount in
            if let index = own.firstIndex(where: { $0.destination == mount.destination && $0.type == mount.type }) {
                own.remove(at: index)
                return false
            }
            return !GeneratedFiles.names.contains {
                mount.destination == "/etc/\($0)" && mount.source.hasSuffix("/\(request.id.text)/\($0)")
            }
        }
    }

    /// What the caller mounted, without the engine's own file systems and files of `/etc`.
    var mounts: JSON {
        .array(
            callersMounts.map { mount in
                [
                    "Type": .string(mount.type), "Source": .string(mount.type == "bind" ? mount.source : ""),
                    "Destination": .string(mount.destination), "Mode": .string(mount.options.text(separator: ",")),
                    "RW": .bool(!mount.options.contains("ro")),
                    "Propagation": .string(mount.options.first { Self.propagations.contains($0) } ?? ""),
                ]
            })
    }

    /// `host`, `container:ID`, the first network, or `none`.
    private var networkMode: String {
        if let join = request.joins.first(where: { $0.kind == "network" }) { return "container:\(join.container.text)" }
        guard let own = request.spec.linux.namespaces.first(where: { $0.type == "network" }) else { return "host" }
        if let path = own.path { return path }
        return request.network?.endpoints.first?.network.name ?? "none"
    }

    /// The size of the engine's `/dev/shm`; a caller's mount over it comes later, and is among his mounts.
    private var sharedMemory: UInt64 {
        let mount = request.spec.mounts.first { $0.destination == "/dev/shm" && $0.type == "tmpfs" }
        guard let option = mount?.options.first(where: { $0.hasPrefix("size=") }) else { return 0 }
        do throws(CFSError) {
            return try ByteCount(String(option.dropFirst(5))).bytes
        } catch {
            return 0
        }
    }

    /// How names are looked up, as the options have it: empty where nobody asked for anything.
    private var resolver: JSONObject {
        let asked = request.network?.resolver ?? ResolverChoices()
        // No domain at all is asked for by a dot.
        let search = asked.search.map { $0.isEmpty ? ["."] : $0 } ?? []
        let hosts = asked.hosts.map { host in
            let address = host.address.map { "\($0)" } ?? "host-gateway"
            return "\(host.name):\(address)"
        }
        return JSONObject([
            ("Dns", JSON(asked.servers.map(\.description))), ("DnsSearch", JSON(search)),
            ("DnsOptions", JSON(asked.options)), ("ExtraHosts", JSON(hosts)),
        ])
    }

    /// Bits a second, and the burst in bytes; zero is without limit.
    private var networkRates: JSONObject {
        let rates = request.network?.rates ?? NetworkRates()
        return JSONObject([
            ("NetworkRate", JSON(unsigned: rates.egress ?? 0)),
            ("NetworkIngressRate", JSON(unsigned: rates.ingress ?? 0)),
            ("NetworkBurst", JSON(unsigned: UInt64(rates.burst ?? 0))),
        ])
    }

    var json: JSON {
        var object = settings.object ?? JSONObject()
        for (name, value) in resolver.entries + networkRates.entries { object[name] = value }
        return .object(object)
    }

    /// Bytes; `NanoCpus` in billionths of a processor; zero is without limit, as there.
    private var settings: JSON {
        let resources = request.spec.linux.resources
        let (memory, cpu, disks) = (resources?.memory, resources?.cpu, resources?.blockIO)
        var processors: Int64 = 0
        if let quota = cpu?.quota, quota > 0 {
            let share = Double(quota) / Double(max(1, cpu?.period ?? CPUQuota.defaultPeriod))
            processors = Int64(exactly: (share * 1e9).rounded()) ?? 0
        }
        var binds: [String] = []
        for mount in callersMounts where mount.type == "bind" {
            binds.append("\(mount.source):\(mount.destination)\(mount.options.contains("ro") ? ":ro" : "")")
        }
        return [
            "AutoRemove": .bool(request.autoRemove), "Init": .bool(request.initProcess),
            "GroupAdd": JSON(request.groups),
            "RestartPolicy": Self.restartPolicy(request.restart), "LogConfig": Self.logConfiguration(request.log),
            "NetworkMode": .string(networkMode), "Binds": JSON(binds),
            "ReadonlyRootfs": .bool(request.spec.root.readonly), "ShmSize": JSON(unsigned: sharedMemory),
            "Memory": .integer(memory?.limit ?? 0), "MemoryReservation": .integer(memory?.reservation ?? 0),
            "MemorySwap": .integer(memory?.swap ?? 0), "NanoCpus": .integer(processors),
            "CpuShares": JSON(unsigned: cpu?.shares ?? 0), "CpusetCpus": .string(cpu?.cpus ?? ""),
            "CpusetMems": .string(cpu?.mems ?? ""), "PidsLimit": .integer(resources?.pids?.limit ?? 0),
            "BlkioWeight": .integer(Int64(disks?.weight ?? 0)),
            "BlkioDeviceReadBps": Self.rates(disks?.throttleReadBpsDevice),
            "BlkioDeviceWriteBps": Self.rates(disks?.throttleWriteBpsDevice),
            "BlkioDeviceReadIOps": Self.rates(disks?.throttleReadIOPSDevice),
            "BlkioDeviceWriteIOps": Self.rates(disks?.throttleWriteIOPSDevice),
        ]
    }

    /// By the number of each device, which is what the kernel was told.
    private static func rates(_ devices: [RuntimeSpec.ThrottleDevice]?) -> JSON {
        .array(
            (devices ?? []).map {
                ["Path": .string("/dev/block/\($0.major):\($0.minor)"), "Rate": JSON(unsigned: $0.rate)]
            })
    }

    private static func restartPolicy(_ policy: RestartPolicy) -> JSON {
        var maximum = 0
        if case .onFailure(let count?) = policy { maximum = count }
        let name = policy.text.prefix { $0 != ":" }
        return ["Name": .string(String(name)), "MaximumRetryCount": .integer(Int64(maximum))]
    }

    private static func logConfiguration(_ policy: LogPolicy) -> JSON {
        guard policy.isKept else { return ["Type": "none", "Config": [:]] }
        return [
            "Type": "k8s-file",
            "Config": ["max-size": .string("\(policy.fileSize)"), "max-file": .string("\(policy.fileCount)")],
        ]
    }
}
