import CFSCore

/// The forms in which a verb can print: for people, or for programs.
enum ListFormat: Equatable {
    case table
    case json

    /// Reads `--format`; nil is the table.
    init(_ text: String?) throws(CFSError) {
        switch text {
        case nil, "table": self = .table
        case "json": self = .json
        case let text?:
            throw CFSError(
                .invalidArgument, .parsing, "unknown format \"\(text)\"",
                hint: text.contains("{{")
                    ? "ps, images, network ls and every inspect take templates; here use --format json and jq"
                    : "use table or json")
        }
    }
}
