import CFSCore

/// Reads the default command of an image: words, or a JSON array of them.
enum CommandSyntax {
    /// Reads `/bin/sh -l`, cut at white space, or `["/bin/sh", "-c", "a b"]`.
    static func words(_ text: String) throws(CFSError) -> [String] {
        var words: [String]?
        if text.first == "[" {
            do throws(CFSError) {
                words = try JSON(parsing: Array(text.utf8), what: "--command").strings
            } catch {
                var failure = error
                failure.code = .invalidArgument
                throw failure
            }
        } else {
            words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        }
        guard let words, let program = words.first, !program.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "--command does not take \"\(text)\"",
                hint: "write words, \"/bin/sh -l\", or a JSON array of them")
        }
        return words
    }
}
