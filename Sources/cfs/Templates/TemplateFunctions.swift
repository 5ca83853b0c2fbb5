import CFSCore

/// The functions of templates: those of Go and of Docker that a listing needs.
enum TemplateFunctions {
    static let names = [
        "json", "index", "len", "join", "split", "lower", "upper", "title", "truncate", "print", "println", "printf",
        "eq", "ne",
        "not", "and", "or",
    ]

    static let hint = "the functions are \(names.text(separator: ", "))"

    /// - Parameter place: of the function's name, for errors.
    static func call(_ name: String, _ arguments: [JSON], at place: Int) throws(CFSError) -> JSON {
        let call = Call(name: name, arguments: arguments, place: place)
        switch name {
        case "json": return .string(try call.value(0, of: 1).text())
        case "index": return try index(call)
        case "len": return try length(call)
        case "join":
            let list = try call.list(0, of: 2)
            return .string(list.map { TemplateText.text($0) }.text(separator: try call.string(1, of: 2)))
        case "split": return try split(call)
        case "lower": return .string(try call.string(0, of: 1).lowercased())
        case "upper": return .string(try call.string(0, of: 1).uppercased())
        case "title":
            let text = try call.string(0, of: 1)
            return .string(text.prefix(1).uppercased() + text.dropFirst())
        case "truncate":
            return .string(String(try call.string(0, of: 2).prefix(Int(max(0, try call.integer(1, of: 2))))))
        case "print": return .string(arguments.map { TemplateText.text($0) }.text(separator: " "))
        case "println": return .string(arguments.map { TemplateText.text($0) }.text(separator: " ") + "\n")
        case "printf":
            _ = try call.value(0, of: 1, orMore: true)
            return .string(
                try TemplatePrintf(place: place).text(try call.string(0, of: arguments.count), arguments.dropFirst()))
        case "eq":
            let first = try call.value(0, of: 2, orMore: true)
            return .bool(arguments.dropFirst().contains { equal(first, $0) })
        case "ne": return .bool(!equal(try call.value(0, of: 2), arguments[1]))
        case "not": return .bool(!TemplateText.isTrue(try call.value(0, of: 1)))
        case "and":
            _ = try call.value(0, of: 1, orMore: true)
            return arguments.first { !TemplateText.isTrue($0) } ?? arguments.last ?? .null
        case "or":
            _ = try call.value(0, of: 1, orMore: true)
            return arguments.first { TemplateText.isTrue($0) } ?? arguments.last ?? .null
        default: throw Template.fault("there is no function \"\(name)\"", at: place, hint: hint)
        }
    }

    /// Numbers by value, however they are written.
    private static func equal(_ left: JSON, _ right: JSON) -> Bool {
        if let left = left.integer, let right = right.integer { return left == right }
        return left == right
    }

    private static func index(_ call: Call) throws(CFSError) -> JSON {
        var value = try call.value(0, of: 2, orMore: true)
        for key in call.arguments.dropFirst() {
            switch (value, key) {
            case (.array(let items), .integer(let number)):
                guard let place = Int(exactly: number), items.indices.contains(place) else {
                    throw Template.fault(
                        "there is no element \(number): the list has \(items.count)", at: call.place,
                        hint: "the first element is 0")
                }
                value = items[place]
            case (.object(let object), .string(let name)):
                // A map of texts has the empty text for every key that it has not, as in Go.
                let isTexts = object.entries.allSatisfy { $0.value.string != nil }
                value = object[name] ?? (isTexts ? "" : .null)
            default:
                throw Template.fault(
                    "index cannot look for \(key.text()) in \(TemplateText.kind(value))", at: call.place,
                    hint: "a list is asked with a number, an object with a name: {{index .Config.Labels \"key\"}}")
            }
        }
        return value
    }

    private static func length(_ call: Call) throws(CFSError) -> JSON {
        let count: Int
        switch try call.value(0, of: 1) {
        case .array(let items): count = items.count
        case .object(let object): count = object.entries.count
        case .string(let text): count = text.utf8.count
        case let other: throw Template.fault("\(TemplateText.kind(other)) has no length", at: call.place)
        }
        return .integer(Int64(count))
    }

    private static func split(_ call: Call) throws(CFSError) -> JSON {
        let (text, separator) = (try call.string(0, of: 2), try call.string(1, of: 2))
        guard !separator.isEmpty else { return JSON(text.map { String($0) }) }
        var parts: [String] = []
        var rest = text[...]
        while let end = rest.firstRange(of: separator) {
            parts.append(String(rest[..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        return JSON(parts + [String(rest)])
    }

    /// One call, with what a function may ask of its arguments.
    private struct Call {
        let name: String
        let arguments: [JSON]
        let place: Int

        func value(_ index: Int, of count: Int, orMore: Bool = false) throws(CFSError) -> JSON {
            guard arguments.count == count || (orMore && arguments.count > count) else {
                let wanted = "\(count) argument\(count == 1 ? "" : "s")\(orMore ? " or more" : "")"
                throw Template.fault("\(name) takes \(wanted), and has \(arguments.count)", at: place)
            }
            return arguments[index]
        }

        func string(_ index: Int, of count: Int) throws(CFSError) -> String {
            let value = try value(index, of: count)
            if let text = value.string { return text }
            throw Template.fault("\(name) takes a text, not \(TemplateText.kind(value))", at: place)
        }

        func integer(_ index: Int, of count: Int) throws(CFSError) -> Int64 {
            let value = try value(index, of: count)
            if let number = value.integer { return number }
            throw Template.fault("\(name) takes a whole number, not \(TemplateText.kind(value))", at: place)
        }

        func list(_ index: Int, of count: Int) throws(CFSError) -> [JSON] {
            let value = try value(index, of: count)
            if let items = value.array { return items }
            throw Template.fault("\(name) takes a list, not \(TemplateText.kind(value))", at: place)
        }
    }
}
