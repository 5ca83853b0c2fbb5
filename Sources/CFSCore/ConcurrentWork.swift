import CFSModel
import Glibc
import Synchronization

/// Work that waits in the kernel while its owner goes on: one thread for one call.
final class ConcurrentWork: Sendable {
    private struct Outcome: Sendable {
        var error: CFSError?
    }

    private let outcome = Mutex(Outcome())
    private let body: @Sendable () throws(CFSError) -> Void
    private let thread: Mutex<pthread_t?> = Mutex(nil)

    /// Begins at once; where no thread can be made, the work is done here and now.
    init(_ body: @escaping @Sendable () throws(CFSError) -> Void) {
        self.body = body
        var made = pthread_t()
        let result = pthread_create(
            &made, nil,
            { argument in
                if let argument { Unmanaged<ConcurrentWork>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        guard result != 0 else {
            let started = made
            thread.withLock { $0 = started }
            return
        }
        Unmanaged.passUnretained(self).release()
        run()
    }

    private func run() {
        do throws(CFSError) {
            try body()
        } catch {
            outcome.withLock { $0.error = error }
        }
    }

    /// Waits for its end, and throws what it threw. Once.
    func finish() throws(CFSError) {
        if let thread = thread.withLock({ $0.take() }) { pthread_join(thread, nil) }
        if let error = outcome.withLock({ $0.error }) { throw error }
    }
}
