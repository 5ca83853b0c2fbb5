/// A command that says whether a container is well: status 0, or another.
public struct HealthCheck: Sendable, Hashable {
    /// What an interval and a timeout may be at least and at most, in nanoseconds: a millisecond and a day.
    public static let shortest: UInt64 = 1_000_000
    public static let longest: UInt64 = 86_400_000_000_000
    public static let mostRetries = 1_000_000

    /// The command with its arguments.
    public var command: [String]
    /// From the end of one check to the beginning of the next, in nanoseconds.
    public var interval: UInt64 = 30_000_000_000
    /// A check that takes longer is killed and has failed; nanoseconds.
    public var timeout: UInt64 = 30_000_000_000
    /// So many failures in a row make it unhealthy.
    public var retries = 3
    /// Failures in so many nanoseconds after the start do not count, until one check was good.
    public var startPeriod: UInt64 = 0

    public init(command: [String]) { self.command = command }

    public init?(json: JSON) {
        guard let command = json["command"]?.strings, !command.isEmpty else { return nil }
        self.init(command: command)
        interval = json["interval"]?.unsigned ?? interval
        timeout = json["timeout"]?.unsigned ?? timeout
        retries = Int(clamping: json["retries"]?.integer ?? Int64(retries))
        startPeriod = json["startPeriod"]?.unsigned ?? startPeriod
    }

    public var json: JSON {
        [
            "command": JSON(command), "interval": JSON(unsigned: interval), "timeout": JSON(unsigned: timeout),
            "retries": .integer(Int64(retries)), "startPeriod": JSON(unsigned: startPeriod),
        ]
    }
}

/// Whether a container is well, by its health check.
public struct Health: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable, CaseIterable { case starting, healthy, unhealthy }

    /// One check.
    public struct Result: Sendable, Hashable {
        /// Nanoseconds since 1970.
        public var startedAt: UInt64
        public var finishedAt: UInt64
        /// The command's status; -1 when it could not be run, or took too long.
        public var status: Int32
        /// The beginning of what it wrote, at most 4 KiB; what is no UTF-8 becomes U+FFFD.
        public var output: String

        public init(startedAt: UInt64, finishedAt: UInt64, status: Int32, output: String) {
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.status = status
            self.output = output
        }
    }

    public var status = Status.starting
    /// Failures in a row.
    public var failures = 0
    /// The last five, oldest first.
    public var results: [Result] = []

    public init() {}

    /// Takes the result of a check.
    ///
    /// - Parameter isStarting: whether the start period is not over.
    /// - Returns: whether the status has changed.
    public mutating func take(_ result: Result, _ check: HealthCheck, isStarting: Bool) -> Bool {
        results.append(result)
        if results.count > 5 { results.removeFirst() }
        let before = status
        if result.status == 0 {
            (status, failures) = (.healthy, 0)
        } else if !(isStarting && status == .starting) {
            failures += 1
            if failures >= check.retries { status = .unhealthy }
        }
        return status != before
    }

    public init?(json: JSON) {
        guard let status = json["status"]?.string.flatMap({ Status(rawValue: $0) }) else { return nil }
        self.status = status
        failures = Int(clamping: json["failures"]?.integer ?? 0)
        for entry in json["results"]?.array ?? [] {
            guard let start = entry["startedAt"]?.unsigned, let end = entry["finishedAt"]?.unsigned,
                let code = entry["status"]?.integer
            else { continue }
            results.append(
                Result(
                    startedAt: start, finishedAt: end, status: Int32(clamping: code),
                    output: entry["output"]?.string ?? ""))
        }
    }

    public var json: JSON {
        [
            "status": .string(status.rawValue), "failures": .integer(Int64(failures)),
            "results": .array(
                results.map {
                    [
                        "startedAt": JSON(unsigned: $0.startedAt), "finishedAt": JSON(unsigned: $0.finishedAt),
                        "status": .integer(Int64($0.status)), "output": .string($0.output),
                    ]
                }),
        ]
    }
}
