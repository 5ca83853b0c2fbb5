import CFSLinux
import Glibc
import Logging
import Synchronization

/// A line on standard error for each thing that is worth knowing; journald reads the level from its beginning (sd-daemon(3)).
struct DaemonLog: LogHandler {
    /// What is written at least; changes while the daemon runs.
    static let level = Mutex(Logger.Level.info)

    var metadata = Logger.Metadata()
    var logLevel: Logger.Level {
        get { Self.level.withLock { $0 } }
        set { Self.level.withLock { $0 = newValue } }
    }
    /// Whether somebody reads the levels as numbers.
    let hasJournal: Bool

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = hasJournal ? "<\(Self.priority(event.level))>" : "\(event.level): "
        line += Self.oneLine("\(event.message)")
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            line += " \(key)=\(Self.oneLine("\(value)"))"
        }
        line += "\n"
        var text = Array(line.utf8)[...]
        while !text.isEmpty {
            let written = text.withUnsafeBytes { File.write(2, $0) }
            guard written > 0 else { return }
            text = text.dropFirst(written)
        }
    }

    /// What comes from a request must not begin a line of its own.
    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
