import CFSCore
import HTTPTypes

/// A part of a list: so many items behind the one that the part before ended with.
struct Page: Sendable {
    static let limit = Route.QueryParameter(
        name: "limit", schema: ["type": "integer", "minimum": 1, "maximum": 1000], summary: "Items of one page")
    static let after = Route.QueryParameter(
        name: "after", schema: Schemas.text, summary: "The last item of the page before")

    let count: Int?
    let last: String?

    /// Whether all items are wanted.
    var isWhole: Bool { count == nil && last == nil }

    init(_ call: Call) throws(ServerError) {
        count = try call.query.integer("limit", 1...1000)
        last = try call.query.text("after")
    }

    /// The items of this page, and a header that leads to the next one.
    ///
    /// - Parameters:
    ///   - name: what a page that ends with an item is continued by.
    ///   - behind: which items stand behind such a name, whether its own item is there or gone; nil for what is no name.
    /// - Throws: `invalidRequest` for what is no name.
    func cut<Item>(
        _ items: [Item], _ path: String, _ query: [(String, String)], _ name: (Item) -> String,
        behind: (String) -> ((Item) -> Bool)?
    ) throws(ServerError) -> ([Item], HTTPFields) {
        var rest = items[...]
        if let last {
            guard let isBehind = behind(last) else {
                throw ServerError(
                    .invalidRequest, "after does not take \"\(last.prefix(100))\"",
                    hint: "go on by the Link header of the page before")
            }
            rest = items[(items.firstIndex(where: isBehind) ?? items.count)...]
        }
        let page = Array(rest.prefix(count ?? rest.count))
        var headers = HTTPFields()
        if page.count < rest.count, let count, let end = page.last, let link = HTTPField.Name("Link") {
            let all = query + [("limit", "\(count)"), ("after", PercentEncoding.encode(name(end)))]
            headers[link] = "<\(path)?\(all.map { "\($0)=\($1)" }.joined(separator: "&"))>; rel=\"next\""
        }
        return (page, headers)
    }
}
