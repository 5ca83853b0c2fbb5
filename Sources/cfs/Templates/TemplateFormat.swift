import CFSCore

/// The forms in which a list can be printed that takes templates too.
enum TemplateFormat: Equatable {
    case table
    case json
    /// A line for each, as the template has it.
    case lines(Template)
    /// A table whose columns stand between the template's tabs.
    case columns(Template)

    /// Reads `--format`: `table`, `json`, a template, or `table` and a template; nil is the table.
    init(_ text: String?) throws(CFSError) {
        let prefix = "table "
        switch text {
        case nil, "table": self = .table
        case "json": self = .json
        case let text? where text.hasPrefix(prefix) && text.contains("{{"):
            self = .columns(try Template(String(text.dropFirst(prefix.count))))
        case let text? where text.contains("{{"): self = .lines(try Template(text))
        case let text?:
            throw CFSError(
                .invalidArgument, .parsing, "unknown format \"\(text)\"",
                hint: "use table, json, or a template with fields, as in {{.ID}}")
        }
    }

    /// Whether one document for programs is asked for.
    var isJSON: Bool { self == .json }
}
