import TestSupport
import Testing

/// A network namespace that stands for the host's: with loopback and nothing else. It ends with the value.
package final class HostNetwork: Sendable {
    private let holder: RunningCommand

    package init() throws {
        holder = RunningCommand(
            ["/usr/bin/unshare", "--net", "/bin/sh", "-c", "ip link set lo up && echo ready && exec sleep infinity"],
            environment: ["PATH": EngineFixture.path])
        try #require(holder.waitForOutput("ready"))
    }

    /// What comes before a command that is to run in it.
    package var entering: [String] { ["/usr/bin/nsenter", "--net=/proc/\(holder.pid)/ns/net", "--"] }

    /// Runs a shell script in it.
    @discardableResult
    package func run(_ script: String, seconds: Double = 60) -> CommandResult {
        RunningCommand(entering + ["/bin/sh", "-c", script], environment: ["PATH": EngineFixture.path])
            .finish(seconds: seconds)
    }
}
