import CFSCgroups
import CFSLinux
import CFSModel
import Glibc

/// `update`: limits of a container that is there.
enum UpdateCommand {
    static let command = RuntimeCommand(
        names: ["update"], usage: "CONTAINER", summary: "change the limits of a container",
        options: [
            .value(
                "resources", "r", placeholder: "FILE",
                help: "limits as JSON, like linux.resources; - reads standard input"),
            .value("blkio-weight", placeholder: "N", help: "share of disk time, 10 to 1000"),
            .value("cpu-period", placeholder: "MICROSECONDS", help: "period of the processor quota"),
            .value("cpu-quota", placeholder: "MICROSECONDS", help: "processor time in each period; -1 for no limit"),
            .value("cpu-burst", placeholder: "MICROSECONDS", help: "processor time that may be saved up"),
            .value("cpu-share", placeholder: "N", help: "share of processor time beside others, 2 to 262144"),
            .value("cpu-rt-period", placeholder: "MICROSECONDS", help: "of cgroup v1: an error"),
            .value("cpu-rt-runtime", placeholder: "MICROSECONDS", help: "of cgroup v1: an error"),
            .value("cpuset-cpus", placeholder: "LIST", help: "processors that may be used"),
            .value("cpuset-mems", placeholder: "LIST", help: "memory nodes that may be used"),
            .value("cpu-idle", placeholder: "0|1", help: "run only when nobody else wants the processor"),
            .value("kernel-memory", placeholder: "BYTES", help: "obsolete; taken and ignored"),
            .value("kernel-memory-tcp", placeholder: "BYTES", help: "obsolete; taken and ignored"),
            .value("memory", placeholder: "BYTES", help: "memory limit, also as 64M; -1 for none"),
            .value("memory-reservation", placeholder: "BYTES", help: "soft memory limit"),
            .value("memory-swap", placeholder: "BYTES", help: "memory and swap together; -1 for no limit"),
            .value("pids-limit", placeholder: "N", help: "processes and threads; -1 for no limit"),
            .value("l3-cache-schema", placeholder: "TEXT", help: "of resctrl: an error"),
            .value("mem-bw-schema", placeholder: "TEXT", help: "of resctrl: an error"),
        ]
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container())
        guard try container.status() != .stopped else {
            throw CFSError(.containerNotRunning, .limiting, "container not running")
        }
        for option in ["l3-cache-schema", "mem-bw-schema"] where arguments.has(option) {
            throw CFSError(
                .kernelUnsupported, .limiting,
                "--\(option): the resource director (resctrl) is not used by this runtime")
        }
        var resources =
            if let file = arguments["resources"] {
                try RuntimeSpec.Resources(bundle: try read(file), what: "resources")
            } else { try resources(arguments) }
        resources.readAsCallersDo()
        let settings = try CgroupSettings(resources)
        if settings.isEmpty { return 0 }
        try LifeCommands.needed(container.cgroup()).apply(settings)
        return 0
    }

    private static func read(_ file: String) throws(CFSError) -> JSON {
        let bytes = file == "-" ? try File.readAll(0, path: "standard input") : try File.readAll(at: file)
        return try JSON(parsing: bytes, what: file == "-" ? "standard input" : file)
    }

    private static func resources(_ arguments: RuntimeArguments) throws(CFSError) -> RuntimeSpec.Resources {
        var resources = RuntimeSpec.Resources()
        var cpu = RuntimeSpec.CPU()
        cpu.period = try arguments.number("cpu-period", UInt64.self)
        cpu.quota = try arguments.number("cpu-quota", Int64.self)
        cpu.burst = try arguments.number("cpu-burst", UInt64.self)
        cpu.shares = try arguments.number("cpu-share", UInt64.self)
        cpu.realtimePeriod = try arguments.number("cpu-rt-period", UInt64.self)
        cpu.realtimeRuntime = try arguments.number("cpu-rt-runtime", Int64.self)
        cpu.cpus = arguments["cpuset-cpus"]
        cpu.mems = arguments["cpuset-mems"]
        cpu.idle = try arguments.number("cpu-idle", Int64.self)
        if cpu != RuntimeSpec.CPU() { resources.cpu = cpu }
        var memory = RuntimeSpec.Memory()
        memory.limit = try bytes("memory", arguments)
        memory.reservation = try bytes("memory-reservation", arguments)
        memory.swap = try bytes("memory-swap", arguments)
        if memory != RuntimeSpec.Memory() { resources.memory = memory }
        if let limit = try arguments.number("pids-limit", Int64.self) {
            resources.pids = RuntimeSpec.Pids(limit: limit)
        }
        if let weight = try arguments.number("blkio-weight", UInt16.self) {
            var io = RuntimeSpec.BlockIO()
            io.weight = weight
            resources.blockIO = io
        }
        return resources
    }

    private static func bytes(_ name: String, _ arguments: RuntimeArguments) throws(CFSError) -> Int64? {
        guard let text = arguments[name], !text.isEmpty else { return nil }
        if let number = Int64(text) { return number }
        do throws(CFSError) {
            return Int64(clamping: try ByteCount(text).bytes)
        } catch {
            throw RuntimeArguments.fault("invalid value \"\(text)\" for -\(name)")
        }
    }
}
