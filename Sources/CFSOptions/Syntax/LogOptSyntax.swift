import CFSCore

/// Reads `--log-driver` and `--log-opt`: what is kept of a container's output.
package enum LogOptSyntax {
    /// What is said to keep a log. There is one form, that of Kubernetes' container runtimes; who asks for Docker's usual log
    /// wants to read it with `logs`, and can.
    private static let keeping = ["k8s-file", "json-file"]

    /// - Parameters:
    ///   - driver: nil for the usual one.
    ///   - options: `max-size=10m` and `max-file=3`.
    package static func policy(driver: String?, options: [String]) throws(CFSError) -> LogPolicy {
        var policy = LogPolicy()
        switch driver {
        case nil: break
        case "none": policy.isKept = false
        case let driver? where keeping.contains(driver): break
        case let driver?:
            throw CFSError(
                .invalidArgument, .parsing, "--log-driver does not know \"\(driver)\"",
                hint: "k8s-file keeps a log in files, none keeps none")
        }
        for option in options { try set(option, &policy) }
        return policy
    }

    private static func set(_ option: String, _ policy: inout LogPolicy) throws(CFSError) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw unknown(option) }
        guard policy.isKept else {
            throw CFSError(
                .invalidArgument, .parsing, "--log-opt \(option) is of no use with --log-driver none: no log is kept",
                hint: "leave one of the two away")
        }
        switch parts[0] {
        case "max-size":
            let size = try ByteCount(parts[1])
            guard size.bytes > 0 else {
                throw CFSError(
                    .invalidArgument, .parsing, "a log whose files hold nothing is none",
                    hint: "write --log-opt max-size=10m, or --log-driver none")
            }
            policy.fileSize = size.bytes
        case "max-file":
            guard let count = Int(parts[1]), (1...LogPolicy.mostFiles).contains(count), parts[1].first != "+" else {
                throw CFSError(
                    .invalidArgument, .parsing, "--log-opt max-file does not take \"\(parts[1])\"",
                    hint: "write a number of files from 1 to \(LogPolicy.mostFiles)")
            }
            policy.fileCount = count
        default: throw unknown(option)
        }
    }

    private static func unknown(_ option: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "--log-opt does not know \"\(option)\"",
            hint: "write max-size=10m or max-file=3")
    }
}
