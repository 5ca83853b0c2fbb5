import CFSCore

/// One line that shows how far a phase has come. Pure: a state in, a text out.
enum ProgressBar {
    /// `downloading [=======>      ]  45%  12.3MiB of 27.0MiB`, or without a bar where nobody knows the end.
    ///
    /// - Parameter columns: of the terminal; the line never reaches its last one.
    static func line(_ progress: ImportProgress, columns: Int) -> String {
        let name = progress.phase.rawValue
        let done = ByteCount(progress.done)
        guard let total = progress.total, total > 0 else {
            return cut(progress.done == 0 ? name : "\(name)  \(done)", columns)
        }
        let share = min(1, Double(progress.done) / Double(total))
        let percent = String("  \(Int(share * 100))%".suffix(4))
        let numbers = "\(percent)  \(done) of \(ByteCount(total))"
        // Two brackets, two spaces, and the last column, where some terminals wrap.
        let width = min(40, columns - name.count - numbers.count - 5)
        guard width >= 8 else { return cut("\(name) \(numbers)", columns) }
        let filled = Int(share * Double(width))
        let head = filled < width ? ">" : ""
        let bar = String(repeating: "=", count: filled) + head
        return "\(name) [\(bar)\(String(repeating: " ", count: width - filled - head.count))] \(numbers)"
    }

    /// What stands where no terminal is: one line when a phase begins.
    static func plainLine(_ progress: ImportProgress) -> String {
        progress.total.map { "\(progress.phase.rawValue) (\(ByteCount($0)))" } ?? progress.phase.rawValue
    }

    private static func cut(_ text: String, _ columns: Int) -> String { String(text.prefix(max(0, columns - 1))) }
}
