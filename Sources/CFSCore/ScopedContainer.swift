import CFSModel
import Glibc

extension Engine {
    /// Runs a container for as long as `body` does: it is stopped and removed on every way out, by return, throw or
    /// cancelled task, before this returns.
    ///
    ///     try await engine.withContainer(ContainerSpec(image: "BusyBox", command: ["httpd", "-f"])) { run in
    ///         ...
    ///     }
    ///
    /// A container that `body` leaves running gets its stop signal, and is killed when it has not ended after `patience`
    /// seconds; nil is the container's own time (``ContainerSpec/stopTimeout``), else 10. A cancelled task kills it at once, so that whatever `body` waits for of it comes to its end.
    ///
    /// - Throws: what ``run(_:)`` and `body` throw; of a container that could not be removed, why.
    public func withContainer<Result: Sendable>(
        _ spec: ContainerSpec, patience seconds: Int? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (Run) async throws -> Result
    ) async throws -> Result {
        let run = try await run(spec)
        let result: Result
        do {
            result = try await withTaskCancellationHandler {
                try await body(run)
            } onCancel: {
                run.kill()
            }
        } catch {
            // The first error is the one to tell.
            _ = await Blocking.result { () throws(CFSError) in try run.end(patience: seconds) }
            throw error
        }
        // Not cancelled with the task: what was begun is ended.
        try await Blocking.run { () throws(CFSError) in try run.end(patience: seconds) }
        return result
    }
}

extension Run {
    /// Stops the container when it runs, and removes it.
    fileprivate func end(patience seconds: Int?) throws(CFSError) {
        closeInput()
        // A command that waits for a reader would not end; one who reads at this moment takes the rest.
        output.closeIfNobodyReads()
        do throws(CFSError) {
            try container.stop(seconds: seconds)
            try container.remove(force: true)
        } catch {
            // It has removed itself, or somebody else did.
            guard error.code == .containerNotFound else { throw error }
        }
    }
}
