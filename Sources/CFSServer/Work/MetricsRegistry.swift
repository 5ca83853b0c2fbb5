import Metrics
import Synchronization

/// Keeps what is measured through swift-metrics, by cfsd and the libraries in it, for `GET /metrics`.
///
/// A counter becomes a `counter`, a meter and a recorder a `gauge` of the last value, a timer a `summary` in seconds. The same
/// label with the same dimensions is the same series, whoever makes it.
public final class MetricsRegistry: MetricsFactory {
    static let requests = "cfsd_requests_total"
    static let seconds = "cfsd_request_seconds_total"

    private static let help = [
        requests: "Answers, by path, method and status.",
        seconds: "Time until those answers began, in seconds.",
    ]

    private enum Kind: String {
        case counter, gauge, summary
    }

    private struct Key: Hashable {
        let name: String
        let labels: [String]
    }

    private struct Series {
        let kind: Kind
        let labels: [(String, String)]
        let measure: Measure
    }

    private let series = Mutex<[Key: Series]>([:])

    public init() {}

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        measure(.counter, label, dimensions)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        measure(.counter, label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        measure(.gauge, label, dimensions)
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        measure(.gauge, label, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        measure(.summary, label, dimensions)
    }

    // What was measured stays until the daemon ends, as Prometheus expects of a counter.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func measure(_ kind: Kind, _ label: String, _ dimensions: [(String, String)]) -> Measure {
        let labels = dimensions.map { (Self.plain($0.0), $0.1) }.sorted { $0.0 < $1.0 }
        let key = Key(name: Self.plain(label), labels: labels.flatMap { [$0.0, $0.1] })
        return series.withLock { all in
            if let known = all[key] { return known.measure }
            let new = Series(kind: kind, labels: labels, measure: Measure())
            all[key] = new
            return new.measure
        }
    }

    /// A name with `_` for what Prometheus does not take in one.
    private static func plain(_ name: String) -> String {
        let kept = name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" }
        return kept.first?.isNumber ?? true ? "_" + kept : String(kept)
    }

    // MARK: Text

    /// All series, by name and labels.
    func write(to text: inout MetricsText) {
        let all = series.withLock { $0 }.sorted {
            $0.key.name == $1.key.name
                ? $0.key.labels.lexicographicallyPrecedes($1.key.labels) : $0.key.name < $1.key.name
        }
        var family: (name: String, kind: Kind)?
        for (key, series) in all {
            if family?.name != key.name {
                family = (key.name, series.kind)
                text.family(key.name, series.kind.rawValue, Self.help[key.name] ?? "Measured by a library of cfsd.")
            }
            // A name has one kind for Prometheus: that of the first.
            guard series.kind == family?.kind else { continue }
            let (sum, count) = series.measure.reading
            if series.kind == .summary {
                text.sample(series.labels, sum, ending: "_sum")
                text.sample(series.labels, Double(count), ending: "_count")
            } else {
                text.sample(series.labels, sum)
            }
        }
    }
}

/// The value of one series, whatever it counts.
private final class Measure: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    private let value = Mutex<(sum: Double, count: UInt64)>((0, 0))

    /// The value, or the sum of a timer in seconds; and how often something was recorded.
    var reading: (sum: Double, count: UInt64) { value.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { value.withLock { $0.sum += amount } }
    func decrement(by amount: Double) { value.withLock { $0.sum -= amount } }
    func reset() { value.withLock { $0 = (0, 0) } }
    func set(_ new: Int64) { set(Double(new)) }
    func set(_ new: Double) { value.withLock { $0.sum = new } }
    func record(_ new: Int64) { set(Double(new)) }
    func record(_ new: Double) { set(new) }

    func recordNanoseconds(_ duration: Int64) {
        value.withLock { value in
            value.sum += Double(duration) / 1e9
            value.count += 1
        }
    }
}
