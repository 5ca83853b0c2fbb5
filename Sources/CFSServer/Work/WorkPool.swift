import CFSCore
import NIOPosix
import Synchronization

/// Threads for calls of the engine, which block: event loops and Swift's own threads never wait for them.
///
/// Two kinds, so that a look-up never stands behind a start: `quick` for what takes microseconds, `long` for what starts,
/// stops, copies and unpacks. What waits for something that may never come holds no thread at all: see ``DescriptorWatch``.
final class WorkPool: Sendable {
    /// Calls that may wait for a thread, of each kind.
    static let queueLimit = 4096

    private let quickThreads: NIOThreadPool
    private let longThreads: NIOThreadPool
    private let quickWaiting = Atomic<Int>(0)
    private let longWaiting = Atomic<Int>(0)

    init(quick: Int = 4, long: Int = 32) {
        quickThreads = NIOThreadPool(numberOfThreads: quick)
        longThreads = NIOThreadPool(numberOfThreads: long)
        quickThreads.start()
        longThreads.start()
    }

    func stop() async throws {
        try await quickThreads.shutdownGracefully()
        try await longThreads.shutdownGracefully()
    }

    /// Runs a call that looks something up.
    func quick<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await Self.run(quickThreads, quickWaiting, body)
    }

    /// Runs a call that may take seconds.
    func long<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await Self.run(longThreads, longWaiting, body)
    }

    private static func run<Result: Sendable>(
        _ threads: NIOThreadPool, _ waiting: borrowing Atomic<Int>, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        guard waiting.add(1, ordering: .relaxed).newValue <= queueLimit else {
            waiting.subtract(1, ordering: .relaxed)
            throw ServerError(.overloaded, "too many requests wait for their turn", hint: "try again in a moment")
        }
        defer { waiting.subtract(1, ordering: .relaxed) }
        return try await threads.runIfActive(body)
    }
}
