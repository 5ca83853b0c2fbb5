import CFSCore

/// One piece of a template, and where it begins, counted in characters from 1.
struct TemplateToken: Equatable {
    enum Kind: Equatable {
        case text(String)
        case open, close
        /// A name without a dot: a function or a word of the language.
        case word(String)
        /// `.Name`, or the dot alone with an empty name.
        case field(String)
        /// `$name`, or `$` alone with an empty name.
        case variable(String)
        case string(String)
        case integer(Int64)
        /// `(`, `)`, `|`, `,`, `:=` or `=`.
        case sign(String)
    }
    let kind: Kind
    let place: Int
    /// Whether white space stands before it, inside an action: `.A .B` are two values, `.A.B` is one.
    var isApart = false
}

/// Cuts a template into tokens (text/template, "Text and spaces" and "Actions").
struct TemplateLexer {
    private let characters: [Character]
    private var position = 0
    private var tokens: [TemplateToken] = []

    static func tokens(_ source: String) throws(CFSError) -> [TemplateToken] {
        var lexer = TemplateLexer(characters: Array(source))
        while lexer.position < lexer.characters.count {
            lexer.text()
            if lexer.position < lexer.characters.count { try lexer.action() }
        }
        return lexer.tokens
    }

    private init(characters: [Character]) { self.characters = characters }

    private func at(_ offset: Int) -> Character? {
        characters.indices.contains(position + offset) ? characters[position + offset] : nil
    }

    private var isAtOpening: Bool { at(0) == "{" && at(1) == "{" }

    private mutating func append(_ kind: TemplateToken.Kind, at place: Int, apart: Bool = false) {
        tokens.append(TemplateToken(kind: kind, place: place + 1, isApart: apart))
    }

    // MARK: Text

    private mutating func text() {
        let start = position
        while position < characters.count, !isAtOpening { position += 1 }
        guard position > start else { return }
        append(.text(String(characters[start..<position])), at: start)
    }

    /// Takes white space off the end of the text before `{{- `.
    private mutating func trimBefore() {
        guard let last = tokens.last, case .text(let text) = last.kind else { return }
        let kept = text.reversed().drop { $0.isWhitespace }.reversed()
        tokens[tokens.count - 1] = TemplateToken(kind: .text(String(kept)), place: last.place)
    }

    // MARK: Actions

    private mutating func action() throws(CFSError) {
        let start = position
        position += 2
        if at(0) == "-", at(1)?.isWhitespace == true {
            trimBefore()
            position += 1
        }
        skipSpace()
        if at(0) == "/", at(1) == "*" { return try comment(start) }
        append(.open, at: start)
        while true {
            let isApart = skipSpace()
            let end = position
            if takeClosing(afterSpace: isApart) {
                append(.close, at: end)
                return
            }
            guard let character = at(0) else {
                throw Template.fault("the braces that open here are not closed", at: start + 1, hint: "write }}")
            }
            try token(character, isApart)
        }
    }

    /// Whether the action ends here, with ` -}}` also the white space behind it.
    private mutating func takeClosing(afterSpace isApart: Bool) -> Bool {
        let trims = isApart && at(0) == "-" && at(1) == "}" && at(2) == "}"
        guard trims || (at(0) == "}" && at(1) == "}") else { return false }
        position += trims ? 3 : 2
        if trims { skipSpace() }
        return true
    }

    /// A comment is an action of its own, and leaves no token.
    private mutating func comment(_ start: Int) throws(CFSError) {
        while at(0) != nil, !(at(0) == "*" && at(1) == "/") { position += 1 }
        position += 2
        guard takeClosing(afterSpace: skipSpace()) else {
            throw Template.fault("the comment is not closed", at: start + 1, hint: "write */}}")
        }
    }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = position
        while at(0)?.isWhitespace == true { position += 1 }
        return position > start
    }

    private mutating func token(_ character: Character, _ isApart: Bool) throws(CFSError) {
        let start = position
        switch character {
        case ".":
            position += 1
            append(.field(name()), at: start, apart: isApart)
        case "$":
            position += 1
            append(.variable(name()), at: start, apart: isApart)
        case "\"": append(.string(try quoted()), at: start, apart: isApart)
        case "`": append(.string(try raw()), at: start, apart: isApart)
        case "(", ")", "|", ",", "=":
            position += 1
            append(.sign(String(character)), at: start, apart: isApart)
        case ":" where at(1) == "=":
            position += 2
            append(.sign(":="), at: start, apart: isApart)
        case "-", "0"..."9":
            position += 1
            while at(0)?.isASCII == true, at(0)?.isNumber == true || at(0)?.isLetter == true { position += 1 }
            let text = String(characters[start..<position])
            guard let number = Int64(text) else {
                throw Template.fault("\"\(text)\" is not a whole number", at: start + 1)
            }
            append(.integer(number), at: start, apart: isApart)
        case _ where Self.isNamePart(character): append(.word(name()), at: start, apart: isApart)
        default: throw Template.fault("\"\(character)\" has no meaning here", at: start + 1)
        }
    }

    private static func isNamePart(_ character: Character) -> Bool {
        character == "_" || character.isLetter || character.isNumber
    }

    private mutating func name() -> String {
        let start = position
        while let character = at(0), Self.isNamePart(character) { position += 1 }
        return String(characters[start..<position])
    }

    // MARK: Strings

    private mutating func raw() throws(CFSError) -> String {
        let start = position
        position += 1
        while let character = at(0), character != "`" { position += 1 }
        guard at(0) != nil else { throw Template.fault("the string is not closed", at: start + 1, hint: "write `") }
        position += 1
        return String(characters[(start + 1)..<(position - 1)])
    }

    private mutating func quoted() throws(CFSError) -> String {
        let start = position
        position += 1
        var text = ""
        while let character = at(0), character != "\"" {
            if character == "\\" {
                guard let escaped = at(1), let meant = Self.escapes[escaped] else {
                    throw Template.fault(
                        "the string has an escape that is not known", at: position + 1,
                        hint: #"write \\, \", \n, \r or \t"#)
                }
                text.append(meant)
                position += 2
            } else {
                text.append(character)
                position += 1
            }
        }
        guard at(0) != nil else { throw Template.fault("the string is not closed", at: start + 1, hint: "write \"") }
        position += 1
        return text
    }

    private static let escapes: [Character: Character] = ["\\": "\\", "\"": "\"", "n": "\n", "t": "\t", "r": "\r"]
}
