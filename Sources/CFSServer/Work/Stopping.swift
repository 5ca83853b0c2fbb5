import CFSCore

extension Call {
    /// Stops a container, and holds no thread while that takes its time: a day, when the caller wants it so.
    ///
    /// - Parameter seconds: until it is killed; nil leaves that to the container.
    func stop(_ container: Container, seconds: Int?) async throws {
        let pending = try await work.long { try container.beginStop(seconds: seconds) }
        var isKilled = false
        while try await !work.quick({ try pending.look() }) {
            guard let descriptor = pending.descriptor else { return }
            let watch = service.watch
            let hasNews = try await Patience.wait(isKilled ? nil : .nanoseconds(Int64(pending.left))) {
                try await watch.wait(reading: [descriptor])
            }
            if hasNews { continue }
            try await work.quick { try pending.kill() }
            isKilled = true
        }
    }
}
