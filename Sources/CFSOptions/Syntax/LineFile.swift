import CFSCore
import CFSLinux

/// Files with a setting on each line, as `--env-file` and `--label-file` name them.
package enum LineFile {
    /// The lines with their numbers from 1, without empty ones and comments (`#`); white space in front is dropped.
    ///
    /// - Throws: `.invalidArgument` when the file cannot be read or is not text, with the option in the message.
    package static func lines(_ path: String, option: String) throws(CFSError) -> [(number: Int, text: String)] {
        let bytes = try read(path, option: option, limit: 1 << 20)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CFSError(.invalidArgument, .parsing, "\(option): \(path) is not UTF-8 text", path: path)
        }
        var lines: [(number: Int, text: String)] = []
        let all = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in all.enumerated() {
            let content = line.drop(while: \.isWhitespace)
            if !content.isEmpty, content.first != "#" { lines.append((index + 1, String(content))) }
        }
        return lines
    }

    /// The whole of a file that an option names.
    package static func read(_ path: String, option: String, limit: Int) throws(CFSError) -> [UInt8] {
        do throws(CFSError) {
            return try File.readAll(at: path, limit: limit)
        } catch {
            var failure = error
            failure.code = .invalidArgument
            failure.phase = .parsing
            failure.message = "\(option): cannot read \(path)"
            throw failure
        }
    }
}
