import CFSCore

/// What happens to a container over time: its restarts, its health.
package struct LifeOptions {
    package static let optionNames = OptionNames(
        flags: ["no-healthcheck"],
        values: [
            "restart", "health-cmd", "health-interval", "health-timeout", "health-retries", "health-start-period",
        ])

    package let restart: String?
    package let command: String?
    package let interval: String?
    package let timeout: String?
    package let retries: String?
    package let startPeriod: String?
    package let isOff: Bool

    package init(_ arguments: CanonicalArguments) {
        restart = arguments.value("restart")
        command = arguments.value("health-cmd")
        interval = arguments.value("health-interval")
        timeout = arguments.value("health-timeout")
        retries = arguments.value("health-retries")
        startPeriod = arguments.value("health-start-period")
        isOff = arguments.has("no-healthcheck")
    }

    package func fill(_ spec: inout ContainerSpec) throws(CFSError) {
        if let restart { spec.restart = try RestartPolicy(restart) }
        if isOff {
            guard command == nil, interval == nil, timeout == nil, retries == nil, startPeriod == nil else {
                throw CFSError(
                    .invalidArgument, .parsing, "--no-healthcheck and options of a health check exclude each other",
                    hint: "leave --no-healthcheck or the others away")
            }
            spec.ignoresHealth = true
            return
        }
        let changes = try changes()
        guard let command else {
            // Of the image's check.
            spec.healthChanges = changes
            return
        }
        guard !command.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "the command of --health-cmd is empty")
        }
        var health = HealthCheck(command: ["/bin/sh", "-c", command])
        changes.apply(to: &health)
        spec.health = health
    }

    private func changes() throws(CFSError) -> HealthChanges {
        var changes = HealthChanges()
        let shortest = HealthCheck.shortest
        if let interval { changes.interval = try Self.span(interval, "health-interval", atLeast: shortest) }
        if let timeout { changes.timeout = try Self.span(timeout, "health-timeout", atLeast: shortest) }
        if let startPeriod { changes.startPeriod = try Self.span(startPeriod, "health-start-period", atLeast: 0) }
        if let retries {
            guard let count = Int(retries), (1...HealthCheck.mostRetries).contains(count) else {
                throw CFSError(
                    .invalidArgument, .parsing, "--health-retries does not take \"\(retries)\"",
                    hint: "write a number from 1 on")
            }
            changes.retries = count
        }
        return changes
    }

    private static func span(_ text: String, _ flag: String, atLeast minimum: UInt64) throws(CFSError) -> UInt64 {
        guard let span = TimeSyntax.span(text), span >= minimum, span <= HealthCheck.longest else {
            throw CFSError(
                .invalidArgument, .parsing, "--\(flag) does not take \"\(text)\"",
                hint: "write a span such as 500ms, 30s or 1m30s, at most 24h")
        }
        return span
    }
}
