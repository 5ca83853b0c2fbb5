import ServiceLifecycle

/// Waiting that ends when the daemon stops, and after a while.
enum Patience {
    /// Waits for something; false when it has taken too long.
    static func wait(_ time: Duration?, _ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        guard let time else {
            try await body()
            return true
        }
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                try await pause(time)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
    }

    /// - Throws: `CancellationError` when the daemon stops meanwhile.
    static func interval(_ time: Duration) async throws {
        try await cancelWhenGracefulShutdown { try await pause(time) }
    }

    /// A span of time that is itself what is wanted; ends early when the task is cancelled.
    static func pause(_ time: Duration) async throws {
        let clock = ContinuousClock()
        try await clock.sleep(for: time)
    }
}
