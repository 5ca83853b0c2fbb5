/// Rows under a header, aligned by display width.
struct Table {
    private static let gap = 3
    private let header: [String]
    private var rows: [[String]] = []
    /// Paints a cell after its width was counted: row below the header, column and text in, text out.
    var paint: (_ row: Int, _ column: Int, _ text: String) -> String = { _, _, text in text }

    init(_ header: [String]) { self.header = header }

    /// Adds a row; characters that steer a terminal become visible.
    mutating func add(_ cells: [String]) { rows.append(cells.map(Printable.text)) }

    /// The cells that its longest line takes, with white space behind its last column.
    var width: Int {
        var widths = header.map { DisplayWidth.of($0) }
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], DisplayWidth.of(cell)) }
        }
        return widths.reduce(0, +) + Self.gap * max(0, widths.count - 1)
    }

    /// The table with a line feed behind each row, and no white space at the end of a line.
    var text: String {
        let all = [header] + rows
        var widths = header.map { _ in 0 }
        for row in all {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], DisplayWidth.of(cell)) }
        }
        var text = ""
        for (index, row) in all.enumerated() {
            // Empty cells at the end need no padding in front of them either.
            let last = row.lastIndex { !$0.isEmpty } ?? 0
            for (column, cell) in row[...last].enumerated() {
                text += index == 0 ? cell : paint(index - 1, column, cell)
                if column < last {
                    text += String(repeating: " ", count: widths[column] - DisplayWidth.of(cell) + Self.gap)
                }
            }
            text += "\n"
        }
        return text
    }
}
