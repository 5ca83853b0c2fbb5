import CFSCore

/// Reads the tokens of a template (text/template, "Actions" and "Pipelines").
struct TemplateParser {
    /// Deeper than anybody writes; a stack ends somewhere.
    private static let depthLimit = 64
    private let tokens: [TemplateToken]
    private var position = 0
    private var depth = 0
    /// The variables that may stand here.
    private var variables = [""]

    init(_ tokens: [TemplateToken]) { self.tokens = tokens }

    private var next: TemplateToken? { tokens.indices.contains(position) ? tokens[position] : nil }
    private var place: Int { next?.place ?? tokens.last?.place ?? 1 }

    private mutating func take(_ kind: TemplateToken.Kind) -> Bool {
        guard next?.kind == kind else { return false }
        position += 1
        return true
    }

    private mutating func deeper<Result>(
        _ body: (inout TemplateParser) throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        depth += 1
        guard depth <= Self.depthLimit else { throw Template.fault("it is nested too deeply", at: place) }
        let result = try body(&self)
        depth -= 1
        return result
    }

    // MARK: Nodes

    mutating func template() throws(CFSError) -> [Template.Node] {
        let (nodes, end) = try nodes(in: nil)
        guard let end else { return nodes }
        throw Template.fault("{{\(end.word)}} ends nothing", at: end.place)
    }

    /// What ended a list of nodes: `end` or `else`.
    private typealias Ending = (word: String, place: Int)

    /// - Parameter opening: where the action stands whose body this is; nil at the top.
    private mutating func nodes(in opening: Int?) throws(CFSError) -> ([Template.Node], Ending?) {
        var nodes: [Template.Node] = []
        while let token = next {
            position += 1
            if case .text(let text) = token.kind {
                let plain = Self.unescaped(text)
                if !plain.isEmpty { nodes.append(.text(plain)) }
                continue
            }
            switch next?.kind {
            case .word("end"), .word("else"):
                guard case .word(let word)? = next?.kind else { continue }
                position += 1
                return (nodes, (word, token.place))
            case .word(let word) where ["if", "with", "range"].contains(word):
                position += 1
                nodes.append(
                    try deeper { parser throws(CFSError) in
                        let known = parser.variables
                        defer { parser.variables = known }
                        return word == "range"
                            ? try parser.range(token.place) : try parser.choice(token.place, movesDot: word == "with")
                    })
            case .word(let word) where ["define", "template", "block", "break", "continue"].contains(word):
                throw Template.fault("{{\(word)}} does not exist here", at: place)
            default: nodes.append(try simple())
            }
        }
        guard let opening else { return (nodes, nil) }
        throw Template.fault("what begins here has no {{end}}", at: opening)
    }

    /// Docker takes these escapes, which a shell leaves alone between single quotes.
    private static func unescaped(_ text: String) -> String {
        var plain = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            switch (character, rest.first) {
            case ("\\", "t"): plain.append("\t")
            case ("\\", "n"): plain.append("\n")
            default:
                plain.append(character)
                continue
            }
            rest.removeFirst()
        }
        return plain
    }

    private mutating func simple() throws(CFSError) -> Template.Node {
        if let variable = assigned() {
            let pipeline = try closed()
            variables.append(variable)
            return .assignment(variable: variable, pipeline)
        }
        return .value(try closed())
    }

    /// The variable of `$name :=`, or of `$name =`.
    private mutating func assigned() -> String? {
        guard case .variable(let name)? = next?.kind, !name.isEmpty, tokens.indices.contains(position + 1),
            tokens[position + 1].kind == .sign(":=")
                || (tokens[position + 1].kind == .sign("=") && variables.contains(name))
        else { return nil }
        position += 2
        return name
    }

    private mutating func choice(_ opening: Int, movesDot: Bool) throws(CFSError) -> Template.Node {
        var branches: [Template.Branch] = []
        while true {
            let variable = assigned()
            let condition = try closed()
            if let variable { variables.append(variable) }
            let (body, ending) = try nodes(in: opening)
            branches.append(
                Template.Branch(condition: condition, variable: variable, movesDot: movesDot, body: body))
            guard ending?.word == "else" else {
                try close()
                return .choice(branches, otherwise: [])
            }
            if take(.word(movesDot ? "with" : "if")) { continue }
            return .choice(branches, otherwise: try otherwise(opening))
        }
    }

    private mutating func otherwise(_ opening: Int) throws(CFSError) -> [Template.Node] {
        try close()
        let (rest, ending) = try nodes(in: opening)
        if let ending, ending.word == "else" { throw Template.fault("a second {{else}}", at: ending.place) }
        try close()
        return rest
    }

    private mutating func range(_ opening: Int) throws(CFSError) -> Template.Node {
        var names: [String] = []
        let start = position
        while case .variable(let name)? = next?.kind, !name.isEmpty, names.count < 2 {
            position += 1
            names.append(name)
            if take(.sign(":=")) { break }
            guard take(.sign(",")) else {
                // `range $list`: no variable of its own.
                (names, position) = ([], start)
                break
            }
        }
        let over = try closed()
        variables += names
        let (body, ending) = try nodes(in: opening)
        var rest: [Template.Node] = []
        if ending?.word == "else" { rest = try otherwise(opening) } else { try close() }
        return .range(
            key: names.count == 2 ? names[0] : nil, value: names.last, over: over, body: body, otherwise: rest)
    }

    // MARK: Pipelines

    private mutating func close() throws(CFSError) {
        guard take(.close) else { throw Template.fault("nothing more can stand here", at: place, hint: "write }}") }
    }

    private mutating func closed() throws(CFSError) -> Template.Pipeline {
        let pipeline = try pipeline()
        try close()
        return pipeline
    }

    private mutating func pipeline() throws(CFSError) -> Template.Pipeline {
        var commands = [try command()]
        while take(.sign("|")) {
            commands.append(try command())
            guard let first = commands.last?.operands.first else { continue }
            guard case .function = first.kind else {
                throw Template.fault("behind | stands a function", at: first.place, hint: TemplateFunctions.hint)
            }
        }
        return Template.Pipeline(commands: commands)
    }

    private mutating func command() throws(CFSError) -> Template.Command {
        var operands: [Template.Operand] = []
        while let operand = try operand() { operands.append(operand) }
        guard let first = operands.first else { throw Template.fault("a value is missing", at: place) }
        switch first.kind {
        case .function, .field: break
        case _ where operands.count > 1: throw Template.fault("this takes no argument", at: operands[1].place)
        default: break
        }
        return Template.Command(operands: operands)
    }

    private mutating func operand() throws(CFSError) -> Template.Operand? {
        guard let token = next else { return nil }
        position += 1
        switch token.kind {
        case .field(let name):
            return Template.Operand(
                kind: .field(name.isEmpty ? [] : [name] + (try fields())), place: token.place)
        case .variable(let name):
            guard variables.contains(name) else {
                throw Template.fault(
                    "there is no variable $\(name)", at: token.place, hint: "write {{$\(name) := ...}}")
            }
            return Template.Operand(kind: .variable(name, fields: try fields()), place: token.place)
        case .string(let text): return Template.Operand(kind: .constant(.string(text)), place: token.place)
        case .integer(let number): return Template.Operand(kind: .constant(.integer(number)), place: token.place)
        case .word("true"): return Template.Operand(kind: .constant(.bool(true)), place: token.place)
        case .word("false"): return Template.Operand(kind: .constant(.bool(false)), place: token.place)
        case .word("nil"): return Template.Operand(kind: .constant(.null), place: token.place)
        case .word(let name):
            guard TemplateFunctions.names.contains(name) else { throw Self.unknown(name, at: token.place) }
            return Template.Operand(kind: .function(name), place: token.place)
        case .sign("("):
            let inner = try deeper { parser throws(CFSError) in try parser.pipeline() }
            guard take(.sign(")")) else {
                throw Template.fault("the parenthesis that opens here is not closed", at: token.place, hint: "write )")
            }
            return Template.Operand(kind: .nested(inner, fields: try fields()), place: token.place)
        default:
            position -= 1
            return nil
        }
    }

    private static func unknown(_ name: String, at place: Int) -> CFSError {
        let near = NearestName.suggestions(for: name, among: TemplateFunctions.names)
        return Template.fault(
            "there is no function \"\(name)\"", at: place,
            hint: near.isEmpty
                ? "a field begins with a dot: {{.\(name)}}. \(TemplateFunctions.hint)"
                : "did you mean \(near.joined(separator: " or "))? \(TemplateFunctions.hint)")
    }

    /// The names that follow a value without a space between.
    private mutating func fields() throws(CFSError) -> [String] {
        var names: [String] = []
        while let token = next, case .field(let name) = token.kind, !token.isApart {
            guard !name.isEmpty else { throw Template.fault("a name is missing behind the dot", at: token.place) }
            position += 1
            names.append(name)
        }
        return names
    }
}
