import CFSCore

/// A value of a configuration file (TOML 1.0). Dates are none: no option takes one.
enum TOMLValue: Equatable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case bool(Bool)
    case array([TOMLValue])
    case table([String: TOMLValue])
}

/// Reads TOML 1.0.0 strictly; an error names its line.
///
/// Not TOMLKit 0.6.0, which builds statically and names lines, too: it is a wrapper of a C++ library over the whole of Foundation, 8 MB
/// of a stripped executable, and says "could not determine value type" where a text without quotes stands.
struct TOMLParser {
    private var rest: ArraySlice<Unicode.Scalar>
    private var line = 1
    private let path: String
    private var root: [String: TOMLValue] = [:]
    /// Tables whose header has stood already, and those that were written in braces.
    private var closed: Set<[String]> = []

    /// - Throws: `invalidConfiguration`.
    static func parse(_ bytes: [UInt8], path: String) throws(CFSError) -> [String: TOMLValue] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CFSError(.invalidConfiguration, .parsing, "\(path) is no UTF-8", path: path)
        }
        var parser = TOMLParser(text, path)
        try parser.parse()
        return parser.root
    }

    private init(_ text: String, _ path: String) {
        rest = Array(text.unicodeScalars)[...]
        self.path = path
    }

    private func wrong(_ message: String) -> CFSError {
        CFSError(.invalidConfiguration, .parsing, "\(path), line \(line): \(message)", path: path)
    }

    // MARK: Lines

    private mutating func parse() throws(CFSError) {
        var table: [String] = []
        while true {
            try skipToContent()
            guard let first = rest.first else { return }
            if first == "[" {
                rest.removeFirst()
                guard rest.first != "[" else { throw wrong("no option is a list of tables") }
                table = try key()
                guard take("]") else { throw wrong("a table's name ends with ]") }
                guard closed.insert(table).inserted else {
                    throw wrong("the table \(table.joined(separator: ".")) stands twice")
                }
                try put(.table([:]), at: table, isHeader: true)
            } else {
                let name = try key()
                guard take("=") else { throw wrong("= is missing behind \(name.joined(separator: "."))") }
                skipSpaces()
                try put(try value(), at: table + name, isHeader: false)
            }
            skipSpaces()
            skipComment()
            guard rest.isEmpty || takeNewline() else { throw wrong("something stands behind the value") }
        }
    }

    private mutating func put(_ value: TOMLValue, at place: [String], isHeader: Bool) throws(CFSError) {
        guard let changed = try Self.put(value, at: place[...], in: root, isHeader) else {
            throw wrong("\(place.joined(separator: ".")) stands twice")
        }
        root = changed
    }

    /// Nil when there is something else in its place.
    private static func put(
        _ value: TOMLValue, at place: ArraySlice<String>, in table: [String: TOMLValue], _ isHeader: Bool
    ) throws(CFSError) -> [String: TOMLValue]? {
        guard let first = place.first else { return nil }
        var table = table
        if place.count == 1 {
            if case .table? = table[first], isHeader { return table }
            guard table[first] == nil else { return nil }
            table[first] = value
            return table
        }
        guard case .table(let inner) = table[first] ?? .table([:]) else { return nil }
        guard let changed = try put(value, at: place.dropFirst(), in: inner, isHeader) else { return nil }
        table[first] = .table(changed)
        return table
    }

    private mutating func key() throws(CFSError) -> [String] {
        var parts: [String] = []
        repeat {
            skipSpaces()
            switch rest.first {
            case "\""?:
                rest.removeFirst()
                parts.append(try basic())
            case "'"?:
                rest.removeFirst()
                parts.append(try literal())
            default:
                let bare = rest.prefix { Self.isBare($0) }
                guard !bare.isEmpty else { throw wrong("a name is missing") }
                parts.append(Self.text(bare))
                rest = rest.dropFirst(bare.count)
            }
            skipSpaces()
        } while take(".")
        return parts
    }

    // MARK: Values

    private mutating func value() throws(CFSError) -> TOMLValue {
        switch rest.first {
        case "\""?:
            if takeText("\"\"\"") { return .string(try many("\"\"\"", escapes: true)) }
            rest.removeFirst()
            return .string(try basic())
        case "'"?:
            if takeText("'''") { return .string(try many("'''", escapes: false)) }
            rest.removeFirst()
            return .string(try literal())
        case "["?: return try array()
        case "{"?: return try inline()
        default: return try plain()
        }
    }

    private mutating func plain() throws(CFSError) -> TOMLValue {
        let word = rest.prefix { !" \t\n\r,]}#".unicodeScalars.contains($0) }
        rest = rest.dropFirst(word.count)
        let text = Self.text(word)
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        // Underscores stand between digits only.
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        let isSound = parts.allSatisfy { !$0.isEmpty } || parts.count == 1
        let digits = parts.joined()
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            let body = digits.dropFirst(2)
            if isSound, let first = body.first, first.isHexDigit, let number = Int64(body, radix: radix) {
                return .integer(number)
            }
        }
        let unsigned = digits.drop { $0 == "-" || $0 == "+" }
        // A zero at the beginning stands alone, or before a point or an exponent.
        let isPlain = !unsigned.hasPrefix("0") || unsigned.dropFirst().first.map { !$0.isNumber } ?? true
        if isSound, isPlain, let number = Int64(digits) { return .integer(number) }
        if isSound, isPlain, let first = unsigned.first, first.isNumber, let last = digits.last, last.isNumber,
            let number = Double(digits)
        {
            return .number(number)
        }
        throw wrong(text.isEmpty ? "a value is missing" : "\"\(text.prefix(100))\" is no value: texts stand in quotes")
    }

    private mutating func array() throws(CFSError) -> TOMLValue {
        rest.removeFirst()
        var items: [TOMLValue] = []
        while true {
            try skipToContent()
            if take("]") { return .array(items) }
            items.append(try value())
            try skipToContent()
            if take(",") { continue }
            guard take("]") else { throw wrong("a list ends with ]") }
            return .array(items)
        }
    }

    private mutating func inline() throws(CFSError) -> TOMLValue {
        rest.removeFirst()
        var table: [String: TOMLValue] = [:]
        skipSpaces()
        if take("}") { return .table(table) }
        while true {
            let name = try key()
            guard take("=") else { throw wrong("= is missing behind \(name.joined(separator: "."))") }
            skipSpaces()
            guard let changed = try Self.put(try value(), at: name[...], in: table, false) else {
                throw wrong("\(name.joined(separator: ".")) stands twice")
            }
            table = changed
            skipSpaces()
            if take("}") { return .table(table) }
            guard take(",") else { throw wrong("a table in braces ends with }") }
        }
    }

    // MARK: Texts

    private mutating func literal() throws(CFSError) -> String {
        let text = rest.prefix { $0 != "'" && $0 != "\n" }
        rest = rest.dropFirst(text.count)
        guard take("'") else { throw wrong("a text has no end") }
        return Self.text(text)
    }

    private mutating func basic() throws(CFSError) -> String {
        var text = ""
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return text
            case "\n": throw wrong("a text has no end")
            case "\\": text.unicodeScalars.append(try escape())
            default: text.unicodeScalars.append(scalar)
            }
        }
        throw wrong("a text has no end")
    }

    private mutating func many(_ end: String, escapes: Bool) throws(CFSError) -> String {
        _ = takeNewline()
        var text = ""
        while !rest.isEmpty {
            if rest.starts(with: end.unicodeScalars) {
                rest = rest.dropFirst(3)
                // Up to two quotes may stand before the end.
                while rest.first == end.unicodeScalars.first { text.unicodeScalars.append(rest.removeFirst()) }
                return text
            }
            let scalar = rest.removeFirst()
            if scalar == "\n" { line += 1 }
            guard scalar == "\\", escapes else {
                text.unicodeScalars.append(scalar)
                continue
            }
            let blank = rest.prefix { " \t\r\n".unicodeScalars.contains($0) }
            if blank.contains("\n") {
                line += blank.count { $0 == "\n" }
                rest = rest.dropFirst(blank.count)
            } else {
                text.unicodeScalars.append(try escape())
            }
        }
        throw wrong("a text has no end")
    }

    private mutating func escape() throws(CFSError) -> Unicode.Scalar {
        switch rest.popFirst() {
        case "b"?: return "\u{8}"
        case "t"?: return "\t"
        case "n"?: return "\n"
        case "f"?: return "\u{c}"
        case "r"?: return "\r"
        case "\""?: return "\""
        case "\\"?: return "\\"
        case "u"?: return try number(4)
        case "U"?: return try number(8)
        default: throw wrong("an escape that is none")
        }
    }

    private mutating func number(_ digits: Int) throws(CFSError) -> Unicode.Scalar {
        let text = Self.text(rest.prefix(digits))
        rest = rest.dropFirst(digits)
        guard text.unicodeScalars.count == digits, let value = UInt32(text, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw wrong("an escape that is none") }
        return scalar
    }

    // MARK: Between

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }

    private static func isBare(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func takeText(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars) else { return false }
        rest = rest.dropFirst(text.unicodeScalars.count)
        return true
    }

    private mutating func takeNewline() -> Bool {
        guard takeText("\r\n") || take("\n") else { return false }
        line += 1
        return true
    }

    private mutating func skipSpaces() { rest = rest.drop { $0 == " " || $0 == "\t" } }
    private mutating func skipComment() { if rest.first == "#" { rest = rest.drop { $0 != "\n" && $0 != "\r" } } }

    private mutating func skipToContent() throws(CFSError) {
        repeat {
            skipSpaces()
            skipComment()
        } while takeNewline()
    }
}
