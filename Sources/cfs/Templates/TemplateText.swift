import CFSCore

/// Values as templates write them, which is as Go does.
enum TemplateText {
    /// `[a b]` for a list, `map[a:1 b:2]` for an object, sorted by name; a text as it is.
    static func text(_ value: JSON) -> String {
        switch value {
        case .null: "<no value>"
        case .string(let text): text
        case .array(let items): "[" + items.map { text($0) }.text(separator: " ") + "]"
        case .object(let object):
            "map["
                + object.entries.sorted { $0.key < $1.key }.map { "\($0.key):\(text($0.value))" }.text(separator: " ")
                + "]"
        case .bool, .integer, .unsigned, .number: value.text()
        }
    }

    /// What `if` takes for true: everything but false, 0, nothing, and what is empty.
    static func isTrue(_ value: JSON) -> Bool {
        switch value {
        case .null: false
        case .bool(let flag): flag
        case .integer(let number): number != 0
        case .unsigned: true
        case .number(let number): number != 0
        case .string(let text): !text.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let object): !object.isEmpty
        }
    }

    /// What a value is, for errors.
    static func kind(_ value: JSON) -> String {
        switch value {
        case .null: "nothing"
        case .bool: "true or false"
        case .integer, .unsigned, .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
