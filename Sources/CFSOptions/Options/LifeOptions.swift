import ArgumentParser
import CFSCore

/// What happens to a container over time: its restarts, its health.
struct LifeOptions {
    static let optionNames = OptionNames(values: [
        "restart", "health-cmd", "health-interval", "health-timeout", "health-retries", "health-start-period",
    ])

    let restart: String?
    let command: String?
    let interval: String?
    let timeout: String?
    let retries: String?
    let startPeriod: String?

    init(_ arguments: CanonicalArguments) {
        restart = arguments.value("restart")
        command = arguments.value("health-cmd")
        interval = arguments.value("health-interval")
        timeout = arguments.value("health-timeout")
        retries = arguments.value("health-retries")
        startPeriod = arguments.value("health-start-period")
    }

    func fill(_ spec: inout ContainerSpec) throws(CFSError) {
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

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Start it again after its end: no, on-failure[:n], always or unless-stopped.", valueName: "policy"),
            completion: .list(["no", "on-failure", "always", "unless-stopped"]))
        var restart: String?

        @Option(help: ArgumentHelp("A shell command inside that says whether it is well.", valueName: "command"))
        var healthCmd: String?

        @Option(help: ArgumentHelp("From one check to the next (default: 30s).", valueName: "time"))
        var healthInterval: String?

        @Option(help: ArgumentHelp("How long a check may take (default: 30s).", valueName: "time"))
        var healthTimeout: String?

        @Option(help: ArgumentHelp("Failures in a row that make it unhealthy (default: 3).", valueName: "number"))
        var healthRetries: String?

        @Option(help: ArgumentHelp("Failures do not count for so long after the start.", valueName: "time"))
        var healthStartPeriod: String?
    }
}
