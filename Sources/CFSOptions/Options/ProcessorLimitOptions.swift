import CFSCore

/// How much of the processors a container may have, and how many processes.
package struct ProcessorLimitOptions {
    package static let optionNames = OptionNames(values: [
        "cpus", "cpu-period", "cpu-quota", "cpu-weight", "cpu-shares", "cpuset-cpus", "cpuset-mems", "pids-limit",
    ])

    package let cpus: String?
    package let cpuPeriod: String?
    package let cpuQuota: String?
    package let cpuWeight: String?
    package let cpuShares: String?
    package let cpusetCpus: String?
    package let cpusetMems: String?
    package let pidsLimit: String?

    package init(_ arguments: CanonicalArguments) {
        cpus = arguments.value("cpus")
        cpuPeriod = arguments.value("cpu-period")
        cpuQuota = arguments.value("cpu-quota")
        cpuWeight = arguments.value("cpu-weight")
        cpuShares = arguments.value("cpu-shares")
        cpusetCpus = arguments.value("cpuset-cpus")
        cpusetMems = arguments.value("cpuset-mems")
        pidsLimit = arguments.value("pids-limit")
    }

    package func fill(_ resources: inout RuntimeSpec.Resources, _ host: HostFacts) throws(CFSError) {
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
}
