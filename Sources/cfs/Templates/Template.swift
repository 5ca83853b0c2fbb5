import CFSCore

/// A template of `--format`, read: the part of Go's text/template that Docker's users write.
///
/// Text stands as it is, with `\t` and `\n` for a tab and a line feed; between `{{` and `}}` stand fields (`.State.Status`),
/// functions (`json .`), variables, `if`, `with` and `range`.
struct Template: Equatable {
    /// As the user wrote it.
    let source: String
    let nodes: [Node]

    /// - Throws: `.invalidArgument` that names the place of the fault, counted in characters from 1.
    init(_ source: String) throws(CFSError) {
        self.source = source
        var parser = TemplateParser(try TemplateLexer.tokens(source))
        nodes = try parser.template()
    }

    indirect enum Node: Equatable {
        case text(String)
        case value(Pipeline)
        case assignment(variable: String, Pipeline)
        /// `if` and `with`: the first branch whose condition holds, else the rest.
        case choice([Branch], otherwise: [Node])
        case range(key: String?, value: String?, over: Pipeline, body: [Node], otherwise: [Node])
    }

    struct Branch: Equatable {
        let condition: Pipeline
        /// The variable that has the condition's value inside.
        let variable: String?
        /// `with`: whether the dot is the condition's value inside.
        let movesDot: Bool
        let body: [Node]
    }

    /// Commands with `|` between them: each has what the one before gave as its last argument.
    struct Pipeline: Equatable { let commands: [Command] }

    /// A value, or a function with its arguments.
    struct Command: Equatable { let operands: [Operand] }

    struct Operand: Equatable {
        indirect enum Kind: Equatable {
            /// The dot, with the names behind it: `.State.Status` has two, `.` has none.
            case field([String])
            /// `$` has the name "".
            case variable(String, fields: [String])
            case constant(JSON)
            case function(String)
            case nested(Pipeline, fields: [String])
        }
        let kind: Kind
        let place: Int
    }

    /// What is wrong with a template, and where.
    static func fault(_ message: String, at place: Int, hint: String? = nil) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "the template is wrong at character \(place): \(message)",
            hint: hint ?? "write fields between braces, as in {{.ID}}; `man cfs` has the rest under TEMPLATES")
    }
}
