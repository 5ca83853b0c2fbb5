import CFSCore

/// The rows of a list, as templates see them.
struct TemplateList {
    struct Row {
        let values: JSONObject
        let labels: [String: String]
    }

    /// The title of each field, where Docker has one Docker's. What has no title is no field.
    let titles: [(field: String, title: String)]
    /// Fields that Docker has and cfs cannot tell, with the reason.
    var absent: [(field: String, reason: String)] = []
    var rows: [Row] = []

    /// A line for each row.
    ///
    /// - Parameter isTerminal: whether what would steer a terminal must become visible.
    func lines(_ template: Template, isTerminal: Bool) throws(CFSError) -> String {
        _ = try header(template)
        var text = ""
        for row in rows { text += try line(template, row, clean: { isTerminal ? Printable.text($0) : $0 }) + "\n" }
        return text
    }

    /// A table with a column between each two tabs of the template.
    func columns(_ template: Template) throws(CFSError) -> String {
        var lines = [try header(template)]
        // A tab of a value must not become a column.
        for row in rows { lines.append(try line(template, row, clean: Printable.text)) }
        let cells = lines.flatMap { line in
            line.split(separator: "\n", omittingEmptySubsequences: false).map { part in
                part.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            }
        }
        let count = cells.map(\.count).max() ?? 0
        var table = Table(cells[0] + Array(repeating: "", count: count - cells[0].count))
        for row in cells.dropFirst() { table.add(row) }
        return table.text
    }

    private func line(_ template: Template, _ row: Row, clean: @escaping (String) -> String) throws(CFSError) -> String
    {
        try TemplateRenderer.text(template, .object(row.values), label: { row.labels[$0] ?? "" }, clean: clean)
    }

    /// The titles in the places of the values; names the field that does not exist, also where there is no row.
    private func header(_ template: Template) throws(CFSError) -> String {
        do throws(CFSError) {
            return try TemplateRenderer.text(
                template, .object(JSONObject(titles.map { ($0.field, .string($0.title)) })), label: Self.title,
                writesTitles: true, clean: Printable.text)
        } catch {
            guard let known = absent.first(where: { error.message.hasSuffix(" there is no field .\($0.field)") }) else {
                throw error
            }
            throw CFSError(.invalidArgument, .parsing, error.message, hint: known.reason)
        }
    }

    /// The title of a column with a label: its last part, as Docker has it.
    private static func title(label: String) -> String {
        let last = label.split(separator: ".").last.map(String.init) ?? label
        return String(last.map { $0 == "-" || $0 == "_" ? " " : $0 })
    }
}
