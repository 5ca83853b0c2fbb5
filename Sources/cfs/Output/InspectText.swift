import CFSCore
import CFSLinux

/// One line of `inspect --format` with a template.
enum InspectText {
    /// - Parameter isTerminal: whether what would steer a terminal must become visible.
    static func line(
        _ template: Template, _ document: JSON, isTerminal: Bool = Terminal.isTerminal(1)
    ) throws(CFSError) -> String {
        try TemplateRenderer.text(template, complete(document), clean: { isTerminal ? Printable.text($0) : $0 }) + "\n"
    }

    /// The document with the members of a state that do not apply to it, as Docker has them: scripts ask for the exit
    /// status of whatever there is.
    private static func complete(_ document: JSON) -> JSON {
        guard case .object(var object) = document, case .object(var state)? = object["State"] else { return document }
        let absent: [(String, JSON)] = [
            ("Running", false), ("Paused", false), ("Restarting", false), ("Dead", false), ("OOMKilled", false),
            ("Pid", 0), ("ExitCode", 0),
        ]
        for (name, value) in absent where state[name] == nil { state[name] = value }
        object["State"] = .object(state)
        return .object(object)
    }
}
