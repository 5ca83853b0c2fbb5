import CFSCore

/// Reads `--cpus` and the lists of `--cpuset-cpus` and `--cpuset-mems`.
package enum ProcessorSyntax {
    /// Microseconds of processor time in a period: `0.5` is 50,000 in 100,000. The quota is -1 for no limit.
    ///
    /// - Throws: `.invalidArgument` for more than the machine has: it would be no limit at all.
    package static func cpus(_ text: String, _ host: HostFacts) throws(CFSError) -> (quota: Int64, period: UInt64) {
        if text == "-1" { return (LimitSyntax.unlimited, CPUQuota.defaultPeriod) }
        let processors = host.processors()
        do throws(CFSError) {
            let share = try CPUQuota(text)
            if share.cores <= Double(processors) { return (Int64(share.quota), share.period) }
        } catch {}
        throw LimitSyntax.wrong(
            "--cpus", text,
            "write a number of processors from 0.01 to \(processors), which is what this machine has, or -1 for no limit"
        )
    }

    /// A list such as `0-3,6`, in the form of the kernel. Which numbers there are, the cgroup above says.
    package static func list(_ text: String, _ flag: String) throws(CFSError) -> String {
        do throws(CFSError) {
            let list = try IndexList(text)
            if !list.isEmpty { return "\(list)" }
        } catch {}
        throw LimitSyntax.wrong(flag, text, "write numbers and ranges: 0-3,6")
    }
}
