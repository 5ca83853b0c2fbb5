import CFSCore

/// Reads `--filter`: `key=value`, several times.
enum FilterSyntax {
    /// A filter, cut at its first `=`; `label!=key` has the key `label!`.
    struct Filter: Equatable {
        let key: String
        let value: String
    }

    /// - Parameter keys: what the verb can filter by.
    static func filters(_ texts: [String], keys: [String]) throws(CFSError) -> [Filter] {
        var filters: [Filter] = []
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = parts.first.map { $0.lowercased() } ?? ""
            guard parts.count == 2, !key.isEmpty, !parts[1].isEmpty else {
                throw CFSError(
                    .invalidArgument, .parsing, "the filter \"\(text)\" has no \(parts.count == 2 ? "value" : "=")",
                    hint: "write key=value; the keys are \(keys.text(separator: ", "))")
            }
            guard keys.contains(key) else {
                let near = NearestName.suggestions(for: key, among: keys)
                throw CFSError(
                    .invalidArgument, .parsing, "there is no filter \"\(key)\"",
                    hint: near.isEmpty
                        ? "the filters are \(keys.text(separator: ", "))"
                        : "did you mean \(near.joined(separator: " or "))?")
            }
            filters.append(Filter(key: key, value: String(parts[1])))
        }
        return filters
    }

    /// A value that is one of several words.
    ///
    /// - Parameters:
    ///   - what: of what kind such words are.
    ///   - plural: the same of several.
    static func word(
        _ text: String, of words: [String], what: String, plural: String
    ) throws(CFSError) -> String {
        if words.contains(text) { return text }
        throw CFSError(
            .invalidArgument, .parsing, "there is no \(what) \"\(text)\"",
            hint: "the \(plural) are \(words.text(separator: ", "))")
    }

    /// `key` or `key=value` of a label.
    static func label(_ text: String) throws(CFSError) -> LabelCondition {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = parts.first, !key.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "the filter \"label=\(text)\" names no label",
                hint: "write label=key or label=key=value")
        }
        return LabelCondition(key: String(key), value: parts.count == 2 ? String(parts[1]) : nil)
    }
}
