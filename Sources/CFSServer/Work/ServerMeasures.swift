import HTTPTypes
import Metrics
import Synchronization

/// What the daemon counts of its answers, through swift-metrics.
final class ServerMeasures: Sendable {
    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private struct Series {
        let answers: Counter
        let seconds: FloatingPointCounter
    }

    let registry: MetricsRegistry
    private let series = Mutex<[Key: Series]>([:])

    init(_ registry: MetricsRegistry) { self.registry = registry }

    func answered(_ route: String, _ method: HTTPRequest.Method, _ status: Int, nanoseconds: UInt64) {
        // A method of a caller's own invention must not become a series.
        let known: [HTTPRequest.Method] = [.get, .post, .delete, .head]
        let key = Key(route: route, method: known.contains(method) ? method.rawValue : "other", status: status)
        let series = series.withLock { all in
            if let known = all[key] { return known }
            let labels = [("path", key.route), ("method", key.method), ("status", "\(key.status)")]
            let new = Series(
                answers: Counter(label: MetricsRegistry.requests, dimensions: labels, factory: registry),
                seconds: FloatingPointCounter(label: MetricsRegistry.seconds, dimensions: labels, factory: registry))
            all[key] = new
            return new
        }
        series.answers.increment()
        series.seconds.increment(by: Double(nanoseconds) / 1e9)
    }
}
