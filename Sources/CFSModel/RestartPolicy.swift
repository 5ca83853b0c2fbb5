/// When a container that has ended is started again, without anybody asking for it.
public enum RestartPolicy: Sendable, Hashable {
    /// Never.
    case no
    /// When its status is not 0; at most so many times in a row, or without end for nil.
    case onFailure(maximum: Int?)
    /// Always but after a stop by hand; after a reboot then too.
    case always
    /// Always but after a stop by hand, which holds over a reboot.
    case unlessStopped

    /// Reads `no`, `on-failure`, `on-failure:5`, `always` or `unless-stopped`.
    ///
    /// - Throws: `invalidArgument`.
    public init(_ text: String) throws(CFSError) {
        switch text {
        case "no", "": self = .no
        case "always": self = .always
        case "unless-stopped": self = .unlessStopped
        case "on-failure": self = .onFailure(maximum: nil)
        default:
            let prefix = "on-failure:"
            let digits = text.dropFirst(prefix.count)
            guard text.hasPrefix(prefix), digits.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(digits),
                count <= 1_000_000
            else {
                throw CFSError(
                    .invalidArgument, .parsing, "\"\(text)\" is no restart policy",
                    hint: "write no, on-failure, on-failure:5, always or unless-stopped")
            }
            // As with other engines, 0 is no limit.
            self = .onFailure(maximum: count == 0 ? nil : count)
        }
    }

    /// As it is written.
    public var text: String {
        switch self {
        case .no: "no"
        case .onFailure(nil): "on-failure"
        case .onFailure(let maximum?): "on-failure:\(maximum)"
        case .always: "always"
        case .unlessStopped: "unless-stopped"
        }
    }
}
