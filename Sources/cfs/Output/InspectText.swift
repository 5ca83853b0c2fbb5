import CFSCore
import CFSLinux

/// One line of `inspect --format` with a template.
enum InspectText {
    /// - Parameter isTerminal: whether what would steer a terminal must become visible.
    static func line(
        _ template: Template, _ document: JSON, isTerminal: Bool = Terminal.isTerminal(1)
    ) throws(CFSError) -> String {
        try TemplateRenderer.text(template, document, clean: { isTerminal ? Printable.text($0) : $0 }) + "\n"
    }
}
