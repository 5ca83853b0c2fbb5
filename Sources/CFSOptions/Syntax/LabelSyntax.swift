import CFSCore

/// Reads `--label` and `--label-file`: `key=value`, or `key` for an empty value.
package enum LabelSyntax {
    package static func labels(
        files: [String], options: [String], _ caller: Caller
    ) throws(CFSError) -> [String: String] {
        var labels: [String: String] = [:]
        for file in files {
            let path = try caller.absolute(file, of: "--label-file")
            for (number, line) in try LineFile.lines(path, option: "--label-file") {
                let place = "\(file):\(number): "
                let (key, value) = try label(line, place: place)
                // As with --env-file: an option's words were put together on purpose, a line of a file has slips.
                guard !key.contains(where: \.isWhitespace) else {
                    throw CFSError(
                        .invalidArgument, .parsing, "\(place)the label's key \"\(key)\" contains white space",
                        hint: "write key=value")
                }
                labels[key] = value
            }
        }
        for text in options {
            let (key, value) = try label(text, place: "")
            labels[key] = value
        }
        return labels
    }

    package static func label(_ text: String, place: String = "") throws(CFSError) -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = parts.first, !key.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "\(place)the label \"\(text)\" has no key", hint: "write key=value")
        }
        return (String(key), parts.count == 2 ? String(parts[1]) : "")
    }
}
