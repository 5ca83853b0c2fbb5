import CFSCore
import CFSOptions

/// The filters of `container prune` and `system prune`.
enum PruneFilterSyntax {
    static let keys = ["until", "label", "label!"]

    /// - Parameter now: nanoseconds since 1970.
    static func filter(_ texts: [String], now: UInt64) throws(CFSError) -> PruneFilter {
        var filter = PruneFilter()
        for text in try FilterSyntax.filters(texts, keys: keys) {
            switch text.key {
            case "until":
                guard filter.until == nil else {
                    throw CFSError(.invalidArgument, .parsing, "the filter until stands twice", hint: "write one time")
                }
                filter.until = try TimeSyntax.time(text.value, now: now)
            case "label": filter.labels.append(try FilterSyntax.label(text.value))
            default: filter.excludedLabels.append(try FilterSyntax.label(text.value))
            }
        }
        return filter
    }
}
