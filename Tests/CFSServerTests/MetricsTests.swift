import Metrics
import Testing

@testable import CFSServer

@Suite("Metrics, as Prometheus reads them")
struct MetricsTests {
    private func text(_ registry: MetricsRegistry) -> [String] {
        var text = MetricsText()
        registry.write(to: &text)
        return text.text.split(separator: "\n").map(String.init)
    }

    @Test("each kind of swift-metrics has its type, and the same label and dimensions are one series")
    func kinds() {
        let registry = MetricsRegistry()
        for _ in 0..<2 {
            Counter(label: "hits", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment(by: 2)
        }
        Counter(label: "hits", dimensions: [("a", "1"), ("b", "3")], factory: registry).increment()
        FloatingPointCounter(label: "load", factory: registry).increment(by: 0.5)
        let meter = Meter(label: "level", factory: registry)
        meter.set(7)
        meter.decrement(by: 3)
        Recorder(label: "last", dimensions: [], aggregate: false, factory: registry).record(9)
        let timer = Timer(label: "took", factory: registry)
        timer.recordNanoseconds(1_500_000_000)
        timer.recordNanoseconds(500_000_000)
        #expect(
            text(registry).filter { !$0.hasPrefix("# HELP ") } == [
                "# TYPE hits counter", "hits{a=\"1\",b=\"2\"} 4", "hits{a=\"1\",b=\"3\"} 1",
                "# TYPE last gauge", "last 9", "# TYPE level gauge", "level 4", "# TYPE load counter", "load 0.5",
                "# TYPE took summary", "took_sum 2", "took_count 2",
            ])
    }

    @Test("names and values that the format does not take as they are")
    func escaping() {
        let registry = MetricsRegistry()
        Counter(label: "3.pool/size", dimensions: [("a-b", "x\"\\\ny")], factory: registry).increment()
        #expect(text(registry).last == #"_3_pool_size{a_b="x\"\\\ny"} 1"#)
        Meter(label: "3_pool_size", dimensions: [], factory: registry).set(5)
        // One name has one kind: a help, a type, and the series of that kind.
        #expect(text(registry).count == 3)
    }

    @Test("the daemon's own: an answer counts once, with its time, and an invented method is no series of its own")
    func answers() {
        let measures = ServerMeasures(MetricsRegistry())
        for _ in 0..<3 { measures.answered("/run", .post, 200, nanoseconds: 250_000_000) }
        for method in ["SPAM", "EGGS"] {
            measures.answered("/run", .init(rawValue: method)!, 405, nanoseconds: 0)
        }
        #expect(
            text(measures.registry) == [
                "# HELP cfsd_request_seconds_total Time until those answers began, in seconds.",
                "# TYPE cfsd_request_seconds_total counter",
                #"cfsd_request_seconds_total{method="POST",path="/run",status="200"} 0.75"#,
                #"cfsd_request_seconds_total{method="other",path="/run",status="405"} 0"#,
                "# HELP cfsd_requests_total Answers, by path, method and status.",
                "# TYPE cfsd_requests_total counter",
                #"cfsd_requests_total{method="POST",path="/run",status="200"} 3"#,
                #"cfsd_requests_total{method="other",path="/run",status="405"} 2"#,
            ])
    }
}
