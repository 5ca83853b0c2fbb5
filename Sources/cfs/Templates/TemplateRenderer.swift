import CFSCore

/// Writes a template with the values of one document.
struct TemplateRenderer {
    private let root: JSON
    /// `.Label "key"`; nil where a document has no such method.
    private let label: ((String) -> String)?
    /// What becomes of every value on its way out: made harmless for a terminal, for example.
    private let clean: (String) -> String
    /// Whether the values are the titles of columns: functions leave them as they are.
    private let writesTitles: Bool
    private var variables: [(name: String, value: JSON)] = []
    private var output = ""

    static func text(
        _ template: Template, _ root: JSON, label: ((String) -> String)? = nil, writesTitles: Bool = false,
        clean: @escaping (String) -> String = { $0 }
    ) throws(CFSError) -> String {
        var renderer = TemplateRenderer(root: root, label: label, clean: clean, writesTitles: writesTitles)
        renderer.variables = [("", root)]
        try renderer.write(template.nodes, dot: root)
        return renderer.output
    }

    private init(
        root: JSON, label: ((String) -> String)?, clean: @escaping (String) -> String, writesTitles: Bool
    ) {
        self.root = root
        self.label = label
        self.clean = clean
        self.writesTitles = writesTitles
    }

    // MARK: Nodes

    private mutating func write(_ nodes: [Template.Node], dot: JSON) throws(CFSError) {
        let known = variables.count
        for node in nodes { try write(node, dot) }
        variables.removeLast(variables.count - known)
    }

    private mutating func write(_ node: Template.Node, _ dot: JSON) throws(CFSError) {
        switch node {
        case .text(let text): output += text
        case .value(let pipeline): output += clean(TemplateText.text(try value(pipeline, dot)))
        case .assignment(let name, let pipeline): variables.append((name, try value(pipeline, dot)))
        case .choice(let branches, let otherwise):
            for branch in branches {
                let condition = try value(branch.condition, dot)
                guard TemplateText.isTrue(condition) else { continue }
                try with(branch.variable.map { [($0, condition)] } ?? []) { renderer throws(CFSError) in
                    try renderer.write(branch.body, dot: branch.movesDot ? condition : dot)
                }
                return
            }
            try write(otherwise, dot: dot)
        case .range(let key, let name, let over, let body, let otherwise):
            let items = try items(value(over, dot), over)
            for (itemKey, item) in items {
                let own = (key.map { [($0, itemKey)] } ?? []) + (name.map { [($0, item)] } ?? [])
                try with(own) { renderer throws(CFSError) in try renderer.write(body, dot: item) }
            }
            if items.isEmpty { try write(otherwise, dot: dot) }
        }
    }

    private mutating func with(
        _ own: [(String, JSON)], _ body: (inout TemplateRenderer) throws(CFSError) -> Void
    ) throws(CFSError) {
        variables += own.map { (name: $0.0, value: $0.1) }
        try body(&self)
        variables.removeLast(own.count)
    }

    private func items(_ value: JSON, _ pipeline: Template.Pipeline) throws(CFSError) -> [(JSON, JSON)] {
        switch value {
        case .array(let items): return items.enumerated().map { (.integer(Int64($0)), $1) }
        case .object(let object):
            return object.entries.sorted { $0.key < $1.key }.map { (.string($0.key), $0.value) }
        case .null: return []
        // The title of a column stands for the whole list.
        case _ where writesTitles: return [(value, value)]
        default:
            throw Template.fault(
                "range goes over a list or an object, not \(TemplateText.kind(value))", at: Self.place(pipeline))
        }
    }

    // MARK: Values

    private static func place(_ pipeline: Template.Pipeline) -> Int {
        pipeline.commands.first?.operands.first?.place ?? 1
    }

    private func value(_ pipeline: Template.Pipeline, _ dot: JSON) throws(CFSError) -> JSON {
        var result: JSON?
        for command in pipeline.commands { result = try value(command, dot, last: result) }
        return result ?? .null
    }

    private func value(_ command: Template.Command, _ dot: JSON, last: JSON?) throws(CFSError) -> JSON {
        guard let first = command.operands.first else { return .null }
        var arguments: [JSON] = []
        for operand in command.operands.dropFirst() { arguments.append(try value(operand, dot)) }
        if let last { arguments.append(last) }
        switch first.kind {
        case .function(let name):
            guard writesTitles else { return try TemplateFunctions.call(name, arguments, at: first.place) }
            if let last { return last }
            guard let title = command.operands.dropFirst().firstIndex(where: \.isValue) else {
                return try TemplateFunctions.call(name, arguments, at: first.place)
            }
            return arguments[title - 1]
        case .field(let path) where !arguments.isEmpty:
            guard path == ["Label"], let label, arguments.count == 1, let key = arguments[0].string else {
                throw Template.fault(
                    "a field takes no argument",
                    at: command.operands.count > 1 ? command.operands[1].place : first.place,
                    hint: label == nil ? TemplateFunctions.hint : "only .Label takes one, a text: {{.Label \"key\"}}")
            }
            return .string(label(key))
        default: return try value(first, dot)
        }
    }

    private func value(_ operand: Template.Operand, _ dot: JSON) throws(CFSError) -> JSON {
        switch operand.kind {
        case .constant(let value): return value
        case .field(let path): return try member(path, of: dot, name: "", operand.place)
        case .variable(let name, let path):
            let value = variables.last { $0.name == name }?.value ?? root
            return try member(path, of: value, name: "$\(name)", operand.place)
        case .nested(let pipeline, let path):
            return try member(path, of: value(pipeline, dot), name: "(...)", operand.place)
        case .function(let name): return try TemplateFunctions.call(name, [], at: operand.place)
        }
    }

    private func member(
        _ path: [String], of value: JSON, name: String, _ place: Int
    ) throws(CFSError) -> JSON {
        var value = value
        var name = name
        for field in path {
            guard case .object(let object) = value else {
                throw Template.fault(
                    "\(name.isEmpty ? "the dot" : name) is \(TemplateText.kind(value)): it has no field .\(field)",
                    at: place, hint: "{{json .}} shows what there is")
            }
            name += ".\(field)"
            guard let member = object[field] else {
                throw Self.missing(name, field, among: object.entries.map(\.key), at: place)
            }
            value = member
        }
        return value
    }

    private static func missing(_ name: String, _ field: String, among names: [String], at place: Int) -> CFSError {
        let near = NearestName.suggestions(for: field, among: names)
        let hint =
            if field == "Label", names.contains("Labels") {
                "write {{.Label \"key\"}} for one, {{.Labels}} for all"
            } else if !near.isEmpty {
                "did you mean \(near.joined(separator: " or "))?"
            } else if names.count <= 40 {
                "there is \(names.joined(separator: ", "))"
            } else {
                "{{json .}} shows what there is"
            }
        return Template.fault("there is no field \(name)", at: place, hint: hint)
    }
}

extension Template.Operand {
    /// Whether it stands for something of the document.
    fileprivate var isValue: Bool {
        switch kind {
        case .field, .variable, .nested: true
        case .constant, .function: false
        }
    }
}
