import CFSCore
import Synchronization

/// Errors as people read them: `cfs: <message>`, and below it what to do.
enum ErrorText {
    /// The folders of the engine that the command line asks for; nil before it is known.
    static let engine = Mutex<EngineOptions?>(nil)

    static func text(_ error: CFSError, style: Style) -> String {
        let error = engine.withLock { $0 }?.explaining(error) ?? error
        var text = "\(style.red("cfs:")) \(Printable.text(error.description))\n"
        if let hint = error.hint {
            text += "  \(style.bold("hint:")) \(Printable.text(HintCommands.text(hint)))\n"
        }
        return text
    }

    /// What the user should know, though nothing failed.
    static func warning(_ text: String, style: Style) -> String {
        "\(style.yellow("cfs: warning:")) \(Printable.text(text))\n"
    }

    /// What ArgumentParser found wrong, in the same form.
    ///
    /// - Parameter verb: the verb whose help has more, or nil for all of it.
    static func usage(_ message: String, verb: String?) -> CFSError {
        let line = message.split(separator: "\n").first.map(String.init) ?? "cannot read the arguments"
        var text = line.prefix(1).lowercased() + line.dropFirst()
        if text.hasSuffix(".") { text.removeLast() }
        return CFSError(
            .invalidArgument, .parsing, text, hint: "see cfs \(verb.map { "\($0) " } ?? "")--help")
    }
}
