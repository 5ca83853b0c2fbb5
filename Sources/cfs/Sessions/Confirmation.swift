import CFSCore
import CFSLinux

/// Asks before something is lost.
enum Confirmation {
    /// Whether whoever sits at the terminal says yes.
    ///
    /// - Parameter question: what is going to happen, as a sentence.
    /// - Throws: `terminalRequired` when nobody can be asked.
    static func isGiven(_ question: String) throws(CFSError) -> Bool {
        guard Terminal.isTerminal(0) else {
            throw CFSError(
                .terminalRequired, .parsing, "nobody can be asked: standard input is not a terminal",
                hint: "say --force to do it without a question")
        }
        StandardError.write("\(question)\nGo on? [y/N] ")
        return isYes(try File.read(0, atMost: 4096, path: "standard input"))
    }

    /// Everything but a clear yes is no.
    static func isYes(_ line: [UInt8]) -> Bool {
        let answer = String(decoding: line, as: UTF8.self).lowercased().filter { !$0.isWhitespace }
        return answer == "y" || answer == "yes"
    }
}
