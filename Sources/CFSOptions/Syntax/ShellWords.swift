import CFSCore

/// A command as one text: cut into words as a shell cuts them, and put together again. Nothing is expanded.
package enum ShellWords {
    /// - Throws: `invalidArgument` for a quote that is not closed, or a backslash at the end.
    package static func split(_ text: String) throws(CFSError) -> [String] {
        var words: [String] = []
        var word: String?
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case " ", "\t", "\n":
                if let finished = word { words.append(finished) }
                word = nil
            case "'":
                guard let end = rest.firstIndex(of: "'") else { throw open("'") }
                var part = word ?? ""
                part.unicodeScalars.append(contentsOf: rest[..<end])
                word = part
                rest = rest[(end + 1)...]
            case "\"": word = (word ?? "") + (try quoted(&rest))
            case "\\":
                guard let next = rest.popFirst() else { throw open("\\") }
                word = word ?? ""
                // A line that goes on.
                if next != "\n" { word?.unicodeScalars.append(next) }
            default:
                word = word ?? ""
                word?.unicodeScalars.append(scalar)
            }
        }
        if let word { words.append(word) }
        return words
    }

    private static func quoted(_ rest: inout ArraySlice<Unicode.Scalar>) throws(CFSError) -> String {
        var part = ""
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return part
            case "\\":
                guard let next = rest.popFirst() else { throw open("\"") }
                // Before anything else a backslash stands for itself (POSIX, 2.2.3).
                if !["$", "`", "\"", "\\", "\n"].contains(next) { part.unicodeScalars.append("\\") }
                if next != "\n" { part.unicodeScalars.append(next) }
            default: part.unicodeScalars.append(scalar)
            }
        }
        throw open("\"")
    }

    private static func open(_ sign: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "the command ends inside of a \(sign)",
            hint: "close it, or send the command as an array of words")
    }

    /// The words as a shell would read them again.
    package static func join(_ words: [String]) -> String { words.map(quote).joined(separator: " ") }

    private static func quote(_ word: String) -> String {
        let plain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "_-./:=,@%+".utf8.contains(byte)
                }
            }
        if plain { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
