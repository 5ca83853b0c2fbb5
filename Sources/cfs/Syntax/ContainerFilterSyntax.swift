import CFSCore

/// The filters of `cfs ps`.
enum ContainerFilterSyntax {
    static let keys = ["id", "name", "label", "status", "exited", "health", "network", "ancestor", "before", "since"]

    static func filter(_ texts: [String]) throws(CFSError) -> ContainerFilter {
        var filter = ContainerFilter()
        for text in try FilterSyntax.filters(texts, keys: keys) {
            switch text.key {
            case "id": filter.ids.append(try id(text.value))
            case "name": filter.names.append(try name(text.value))
            case "label": filter.labels.append(try FilterSyntax.label(text.value))
            case "status": filter.states.append(try state(text.value))
            case "exited": filter.exitStatuses.append(try exitStatus(text.value))
            case "health": filter.health.append(try health(text.value))
            case "network": filter.networks.append(text.value)
            case "ancestor": filter.ancestors.append(text.value)
            case "before": filter.before.append(text.value)
            default: filter.since.append(text.value)
            }
        }
        return filter
    }

    private static func id(_ text: String) throws(CFSError) -> String {
        let isPart = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == 0x2d }
        if isPart { return text }
        throw CFSError(
            .invalidArgument, .parsing, "\"\(text)\" is not the beginning of an ID",
            hint: "write digits as `cfs ps` shows them; by name filters name=\(text)")
    }

    /// Docker takes a regular expression here; what people write is a part of a name, with or without its ends.
    private static func name(_ text: String) throws(CFSError) -> ContainerFilter.NamePart {
        var part = text[...]
        let isStart = part.first == "^"
        if isStart { part.removeFirst() }
        // Docker's own names begin with a slash.
        if part.first == "/" { part.removeFirst() }
        let isEnd = part.last == "$"
        if isEnd { part.removeLast() }
        let isPlain = part.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || [0x2d, 0x2e, 0x5f].contains($0)
        }
        guard isPlain, !part.isEmpty || isStart || isEnd else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a part of a name",
                hint: "write letters of the name, with ^ before or $ behind them for its beginning or end: name=^web$")
        }
        return ContainerFilter.NamePart(text: String(part), isStart: isStart, isEnd: isEnd)
    }

    private static func state(_ text: String) throws(CFSError) -> String {
        let state = text.lowercased()
        if ContainerFilter.stateNames.contains(state) { return state }
        throw CFSError(
            .invalidArgument, .parsing, "there is no state \"\(text)\"",
            hint: "the states are \(ContainerFilter.stateNames.text(separator: ", "))")
    }

    private static func health(_ text: String) throws(CFSError) -> String {
        try FilterSyntax.word(
            text.lowercased(), of: ContainerFilter.healthNames, what: "health", plural: "words")
    }

    private static func exitStatus(_ text: String) throws(CFSError) -> Int32 {
        if let status = Int32(text), (0...255).contains(status), text.first != "+" { return status }
        throw CFSError(
            .invalidArgument, .parsing, "\"\(text)\" is not an exit status", hint: "write a number from 0 to 255")
    }
}
