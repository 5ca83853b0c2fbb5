import CFSLinux
import CFSModel
import Dispatch
import Glibc

extension Engine {
    /// Creates a container and starts it, with its output as something to iterate over.
    ///
    /// The container writes into pipes that hold 64 KiB each: while nobody takes its output, it waits. Without
    /// `autoRemove` it stays, with its log, until ``Container/remove(force:)``.
    ///
    /// - Throws: what ``create(_:)`` and ``Container/start(_:)`` throw; then nothing is left of the container.
    public func run(_ spec: ContainerSpec) async throws(CFSError) -> Run {
        try await Blocking.run { () throws(CFSError) in
            var spec = spec
            // Always possible: an input that nobody writes to is closed with the run.
            spec.interactive = true
            return try Run(self, spec)
        }
    }
}

/// A container that was started by ``Engine/run(_:)``.
public final class Run: Sendable {
    public let container: Container
    /// What the command writes, as it comes.
    public let output: OutputPieces
    private let session: Session
    private let input: OutputPipe

    init(_ engine: Engine, _ spec: ContainerSpec) throws(CFSError) {
        let (input, output, errors) = (try Pipe(), try Pipe(), try Pipe())
        (container, session) = try engine.launch(
            spec, .descriptors(input: input.reading.raw, output: output.writing.raw, error: errors.writing.raw))
        self.input = OutputPipe(input.writing)
        self.output = OutputPieces(output: output.reading, errors: errors.reading)
    }

    /// Writes to the command's standard input; waits while the command does not read.
    public func write(_ bytes: [UInt8]) async throws(CFSError) {
        let input = input
        try await Blocking.run { () throws(CFSError) in try input.write(bytes) }
    }

    /// Closes the command's standard input.
    public func closeInput() { input.close() }

    /// Sends the command a signal.
    public func signal(_ number: Int32) throws(CFSError) { try session.signal(number) }

    /// Kills it, and no policy starts it again.
    func kill() { Engine.regardless { () throws(CFSError) in try session.kill() } }

    /// Waits for the end of the command. Take ``output`` meanwhile: a command whose output nobody takes does not end.
    public func exitStatus() async throws(CFSError) -> ExitStatus {
        let session = session
        return try await Blocking.run { () throws(CFSError) in try session.wait() }
    }
}

/// Calls that block, kept off the threads of Swift's concurrency: those must never wait.
enum Blocking {
    private static let queue = DispatchQueue(label: "cfs.blocking", attributes: .concurrent)

    static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws(CFSError) -> Result
    ) async throws(CFSError) -> Result {
        try await result(body).get()
    }

    /// Like ``run(_:)``, for a call that another one ends early, from any thread.
    static func cancellable<Result: Sendable>(
        _ body: @escaping @Sendable () throws(CFSError) -> Result, onCancel stop: @Sendable () -> Void
    ) async throws(CFSError) -> Result {
        let result = await withTaskCancellationHandler {
            await Self.result(body)
        } onCancel: {
            stop()
        }
        return try result.get()
    }

    /// Like ``run(_:)``, with the error as a value.
    static func result<Result: Sendable>(
        _ body: @escaping @Sendable () throws(CFSError) -> Result
    ) async -> Swift.Result<Result, CFSError> {
        await withCheckedContinuation { continuation in
            queue.async {
                do throws(CFSError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
    }
}
