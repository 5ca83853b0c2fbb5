import CFSCore

/// What happens to a container over time: its restarts, its health.
package struct LifeOptions {
    package static let optionNames = OptionNames(values: [
        "restart", "health-cmd", "health-interval", "health-timeout", "health-retries", "health-start-period",
    ])

    package let restart: String?
    package let command: String?
    package let interval: String?
    package let timeout: String?
    package let retries: String?
    package let startPeriod: String?

    package init(_ arguments: CanonicalArguments) {
        restart = arguments.value("restart")
        command = arguments.value("health-cmd")
        interval = arguments.value("health-interval")
        timeout = arguments.value("health-timeout")
        retries = arguments.value("health-retries")
        startPeriod = arguments.value("health-start-period")
    }

    package func fill(_ spec: inout ContainerSpec) throws(CFSError) {
        if let restart { spec.restart = try RestartPolicy(restart) }
        guard let command else {
            guard interval == nil, timeout == nil, retries == nil, startPeriod == nil else {
                throw CFSError(
                    .invalidArgument, .parsing, "options of a health check, but no health check",
                    hint: "say what to run: --health-cmd 'wget -q -O /dev/null http://127.0.0.1/'")
            }
            return
        }
        guard !command.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "the command of --health-cmd is empty")
        }
        var health = HealthCheck(command: ["/bin/sh", "-c", command])
        if let interval { health.interval = try Self.span(interval, "health-interval", atLeast: 1_000_000) }
        if let timeout { health.timeout = try Self.span(timeout, "health-timeout", atLeast: 1_000_000) }
        if let startPeriod { health.startPeriod = try Self.span(startPeriod, "health-start-period", atLeast: 0) }
        if let retries {
            guard let count = Int(retries), (1...1_000_000).contains(count) else {
                throw CFSError(
                    .invalidArgument, .parsing, "--health-retries does not take \"\(retries)\"",
                    hint: "write a number from 1 on")
            }
            health.retries = count
        }
        spec.health = health
    }

    private static func span(_ text: String, _ flag: String, atLeast minimum: UInt64) throws(CFSError) -> UInt64 {
        guard let span = TimeSyntax.span(text), span >= minimum, span <= 86_400_000_000_000 else {
            throw CFSError(
                .invalidArgument, .parsing, "--\(flag) does not take \"\(text)\"",
                hint: "write a span such as 500ms, 30s or 1m30s, at most 24h")
        }
        return span
    }
}
