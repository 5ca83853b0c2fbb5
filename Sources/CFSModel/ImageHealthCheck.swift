/// What an image says about whether its containers are well: `Healthcheck` of its configuration, as Docker writes it. It
/// is kept as it stands; what a container makes of it has bounds.
public struct ImageHealthCheck: Sendable, Hashable {
    /// `CMD` and the words of a command, `CMD-SHELL` and a line for the shell, or `NONE`.
    public var test: [String] = []
    /// Nanoseconds, each; 0 is not said.
    public var interval: UInt64 = 0
    public var timeout: UInt64 = 0
    public var startPeriod: UInt64 = 0
    public var startInterval: UInt64 = 0
    /// 0 is not said.
    public var retries: UInt64 = 0

    public init() {}

    /// The same in Docker's words, by which `inspect` shows what a container runs.
    public init(_ check: HealthCheck) {
        test = ["CMD"] + check.command
        (interval, timeout, startPeriod) = (check.interval, check.timeout, check.startPeriod)
        retries = UInt64(clamping: check.retries)
    }

    /// The check that a container of the image runs; nil for none. An image is data: what a flag would not take becomes the
    /// nearest that is possible, and a check is not begun sooner than a second after the last one, since it costs the host
    /// a process.
    public var check: HealthCheck? {
        let command: [String]
        switch test.first {
        case "CMD"?: command = Array(test.dropFirst())
        case "CMD-SHELL"?: command = test.count > 1 && !test[1].isEmpty ? ["/bin/sh", "-c", test[1]] : []
        default: return nil
        }
        guard let first = command.first, !first.isEmpty, !command.contains(where: { $0.utf8.contains(0) }) else {
            return nil
        }
        var check = HealthCheck(command: command)
        if interval > 0 { check.interval = min(max(interval, 1_000_000_000), HealthCheck.longest) }
        if timeout > 0 { check.timeout = min(max(timeout, HealthCheck.shortest), HealthCheck.longest) }
        if retries > 0 { check.retries = Int(min(retries, UInt64(HealthCheck.mostRetries))) }
        check.startPeriod = min(startPeriod, HealthCheck.longest)
        return check
    }

    /// Nil when it is no object, or has no test.
    public init?(json: JSON) {
        guard let test = json["Test"]?.strings, !test.isEmpty else { return nil }
        self.test = test
        interval = json["Interval"]?.unsigned ?? 0
        timeout = json["Timeout"]?.unsigned ?? 0
        startPeriod = json["StartPeriod"]?.unsigned ?? 0
        startInterval = json["StartInterval"]?.unsigned ?? 0
        retries = json["Retries"]?.unsigned ?? 0
    }

    public var json: JSON {
        var object = JSONObject([("Test", JSON(test))])
        let numbers = [
            ("Interval", interval), ("Timeout", timeout), ("StartPeriod", startPeriod),
            ("StartInterval", startInterval), ("Retries", retries),
        ]
        for (name, value) in numbers where value > 0 { object[name] = JSON(unsigned: value) }
        return .object(object)
    }
}

/// What differs from the health check of an image; nil is as the image has it.
public struct HealthChanges: Sendable, Hashable {
    /// See ``HealthCheck``.
    public var interval: UInt64?
    public var timeout: UInt64?
    public var startPeriod: UInt64?
    public var retries: Int?

    public init() {}

    public func apply(to check: inout HealthCheck) {
        check.interval = interval ?? check.interval
        check.timeout = timeout ?? check.timeout
        check.startPeriod = startPeriod ?? check.startPeriod
        check.retries = retries ?? check.retries
    }
}
