import CFSLinux
import CFSModel
import CLinux

extension ProcessPlan {
    /// prlimit(2) by the launcher: a user namespace takes the right to raise a hard limit away. Without that right here
    /// either, the limit is what this process has, and whoever asked was told before.
    func setLimits(of pid: Int32) throws(CFSError) {
        for limit in limits {
            var (soft, hard) = (limit.soft, limit.hard)
            if limit.hindersStart {
                // For now no more than what the process could not give itself later: the hard limit.
                var ourHard: UInt64 = 0
                try checked(Int(cfs_getrlimit(limit.resource, &soft, &ourHard)), "getrlimit", .limiting)
                hard = max(hard, ourHard)
            }
            var result = Int(cfs_set_process_limit(pid, limit.resource, soft, hard))
            if result == -ErrorCode.notPermitted {
                var (ourSoft, ourHard): (UInt64, UInt64) = (0, 0)
                try checked(Int(cfs_getrlimit(limit.resource, &ourSoft, &ourHard)), "getrlimit", .limiting)
                (soft, hard) = (min(soft, ourHard), min(hard, ourHard))
                result = Int(cfs_set_process_limit(pid, limit.resource, soft, hard))
            }
            try checked(result, "prlimit", .limiting)
        }
    }
}
