import CFSLinux
import HTTPTypes
import Synchronization

/// What the daemon counts of its answers, as Prometheus reads it (text format 0.0.4).
final class ServerMeasures: Sendable {
    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private struct Series {
        var count: UInt64 = 0
        var nanoseconds: UInt64 = 0
    }

    private let series = Mutex<[Key: Series]>([:])

    func answered(_ route: String, _ method: HTTPRequest.Method, _ status: Int, nanoseconds: UInt64) {
        // A method of a caller's own invention must not become a series.
        let known: [HTTPRequest.Method] = [.get, .post, .delete, .head]
        let key = Key(route: route, method: known.contains(method) ? method.rawValue : "other", status: status)
        series.withLock { series in
            series[key, default: Series()].count += 1
            series[key, default: Series()].nanoseconds += nanoseconds
        }
    }

    /// The answers that were counted.
    func write(to text: inout MetricsText) {
        let all = series.withLock { $0 }.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }
        func labels(_ key: Key) -> [(String, String)] {
            [("path", key.route), ("method", key.method), ("status", "\(key.status)")]
        }
        text.family("cfsd_requests_total", "counter", "Answers, by path, method and status.")
        for (key, series) in all { text.sample(labels(key), Double(series.count)) }
        text.family("cfsd_request_seconds_total", "counter", "Time until those answers began, in seconds.")
        for (key, series) in all { text.sample(labels(key), Double(series.nanoseconds) / 1e9) }
    }
}

/// Text as Prometheus reads it.
struct MetricsText {
    private(set) var text = ""
    private var name = ""

    mutating func family(_ name: String, _ type: String, _ help: String) {
        self.name = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func sample(_ labels: [(String, String)] = [], _ value: Double) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0)=\"\(Self.escape($1))\"" }.joined(separator: ",") + "}"
        }
        text += value == value.rounded() && abs(value) < 1e15 ? " \(Int64(value))\n" : " \(value)\n"
    }

    private static func escape(_ value: String) -> String {
        var out = ""
        for character in value {
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
        return out
    }
}
