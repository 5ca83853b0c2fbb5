import ArgumentParser
import CFSCore

/// How much of the processors a container may have, and how many processes.
struct ProcessorLimitOptions {
    static let optionNames = OptionNames(values: [
        "cpus", "cpu-period", "cpu-quota", "cpu-weight", "cpu-shares", "cpuset-cpus", "cpuset-mems", "pids-limit",
    ])

    let cpus: String?
    let cpuPeriod: String?
    let cpuQuota: String?
    let cpuWeight: String?
    let cpuShares: String?
    let cpusetCpus: String?
    let cpusetMems: String?
    let pidsLimit: String?

    init(_ arguments: CanonicalArguments) {
        cpus = arguments.value("cpus")
        cpuPeriod = arguments.value("cpu-period")
        cpuQuota = arguments.value("cpu-quota")
        cpuWeight = arguments.value("cpu-weight")
        cpuShares = arguments.value("cpu-shares")
        cpusetCpus = arguments.value("cpuset-cpus")
        cpusetMems = arguments.value("cpuset-mems")
        pidsLimit = arguments.value("pids-limit")
    }

    func fill(_ resources: inout RuntimeSpec.Resources, _ host: HostFacts) throws(CFSError) {
        var cpu = RuntimeSpec.CPU()
        try fillQuota(&cpu, host)
        if let cpuShares {
            if cpuWeight != nil { throw LimitSyntax.exclude("--cpu-weight", "--cpu-shares") }
            cpu.shares = UInt64(try LimitSyntax.number(cpuShares, "--cpu-shares", 2...262_144))
        }
        if let cpusetCpus { cpu.cpus = try ProcessorSyntax.list(cpusetCpus, "--cpuset-cpus") }
        if let cpusetMems { cpu.mems = try ProcessorSyntax.list(cpusetMems, "--cpuset-mems") }
        if cpu != RuntimeSpec.CPU() { resources.cpu = cpu }
        if let cpuWeight {
            let weight = try LimitSyntax.number(cpuWeight, "--cpu-weight", 1...10_000)
            resources.unified.append(RuntimeSpec.UnifiedFile("cpu.weight", "\(weight)"))
        }
        if let pidsLimit {
            // PID_MAX_LIMIT of the kernel (proc_sys_kernel(5), pid_max).
            let limit = try LimitSyntax.number(
                pidsLimit, "--pids-limit", 1...4_194_304, unit: "processes", isEndless: true)
            resources.pids = RuntimeSpec.Pids(limit: limit)
        }
    }

    private func fillQuota(_ cpu: inout RuntimeSpec.CPU, _ host: HostFacts) throws(CFSError) {
        if let cpus {
            if cpuQuota != nil { throw LimitSyntax.exclude("--cpus", "--cpu-quota") }
            if cpuPeriod != nil { throw LimitSyntax.exclude("--cpus", "--cpu-period") }
            let (quota, period) = try ProcessorSyntax.cpus(cpus, host)
            cpu.quota = quota
            cpu.period = period
        }
        if let cpuPeriod {
            let range = Int64(CPUQuota.periods.lowerBound)...Int64(CPUQuota.periods.upperBound)
            cpu.period = UInt64(try LimitSyntax.number(cpuPeriod, "--cpu-period", range, unit: "microseconds"))
        }
        if let cpuQuota {
            let range = Int64(CPUQuota.quotas.lowerBound)...Int64(CPUQuota.quotas.upperBound)
            cpu.quota = try LimitSyntax.number(cpuQuota, "--cpu-quota", range, unit: "microseconds", isEndless: true)
        }
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(help: ArgumentHelp("Processors at most: 2, 0.5; -1 for no limit.", valueName: "number"))
        var cpus: String?

        @Option(help: ArgumentHelp("Length of the period of --cpu-quota (default: 100000).", valueName: "microseconds"))
        var cpuPeriod: String?

        @Option(help: ArgumentHelp("Processor time in each period, or -1.", valueName: "microseconds"))
        var cpuQuota: String?

        @Option(help: ArgumentHelp("Share beside others, 1 to 10000 (default: 100).", valueName: "weight"))
        var cpuWeight: String?

        @Option(help: ArgumentHelp("The same as Docker counts it, 2 to 262144 (default: 1024).", valueName: "shares"))
        var cpuShares: String?

        @Option(help: ArgumentHelp("Processors it may run on: 0-3,6.", valueName: "list"))
        var cpusetCpus: String?

        @Option(help: ArgumentHelp("Memory nodes it may use: 0,1.", valueName: "list"))
        var cpusetMems: String?

        @Option(help: ArgumentHelp("Processes and threads at most, or -1.", valueName: "number"))
        var pidsLimit: String?
    }
}
