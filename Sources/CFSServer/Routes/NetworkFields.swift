import CFSCore

/// The members of a body that stand for options: each a text, several texts, or a flag. Null is as if it were not there.
struct NetworkFields {
    private let object: JSONObject

    /// - Throws: `invalidRequest` for a member that is none of these.
    init(_ object: JSONObject, _ known: [(String, JSON)]) throws(ServerError) {
        let names = known.map(\.0)
        for (key, _) in object.entries where !names.contains(key) {
            let near = NearestName.suggestions(for: key, among: names)
            throw ServerError(
                .invalidRequest, "unknown field \(key.prefix(100))",
                hint: near.isEmpty
                    ? "known here: \(names.joined(separator: ", "))" : "did you mean \(near.joined(separator: " or "))?"
            )
        }
        self.object = object
    }

    private func value(_ key: String) -> JSON? {
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    private func wrong(_ key: String, _ value: JSON, _ hint: String) -> ServerError {
        ServerError(.invalidRequest, "\(key) does not take \(value.text().prefix(100))", hint: hint)
    }

    func text(_ key: String) throws(ServerError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string, !text.utf8.contains(0) else { throw wrong(key, value, "write a text") }
        return text
    }

    /// - Throws: `invalidRequest` also when it is missing or empty.
    func neededText(_ key: String) throws(ServerError) -> String {
        guard let text = try text(key), !text.isEmpty else {
            throw ServerError(.invalidRequest, "the field \(key) is \(value(key) == nil ? "missing" : "empty")")
        }
        return text
    }

    /// One text, or an array of them.
    func texts(_ key: String) throws(ServerError) -> [String] {
        guard let value = value(key) else { return [] }
        guard let texts = value.string.map({ [$0] }) ?? value.strings, !texts.contains(where: { $0.utf8.contains(0) })
        else { throw wrong(key, value, "write a text, or an array of texts") }
        return texts
    }

    func flag(_ key: String) throws(ServerError) -> Bool {
        guard let value = value(key) else { return false }
        guard let flag = value.bool else { throw wrong(key, value, "write true or false") }
        return flag
    }
}
