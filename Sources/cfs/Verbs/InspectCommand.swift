import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs inspect`: everything that is known of a container, or of an image.
struct InspectCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is known of containers and images.",
        usage: "cfs inspect [<options>] <name> ...",
        discussion: """
            Without --timing and --isolation it prints JSON: an array with one object for each container. What is no \
            container may be an image.

            A template prints a line for each, with the members of the JSON as its fields.

            A phase of --timing is the time since the phase before it had ended; the table has the longest first, JSON \
            the order in which they came.

            Examples:
              cfs inspect web
              cfs inspect --format '{{.State.Status}} {{index .Config.Labels "team"}}' web
              cfs inspect --isolation web
            """)

    static let optionNames =
        OptionNames(flags: ["timing", "isolation"], values: ["format f", "type"]) + GlobalOptions.optionNames

    enum Kind: Equatable { case container, image }

    @Flag(help: "Show how long each phase of the start took.")
    var timing = false

    @Flag(help: "Show what the kernel says of the container's isolation, beside what was asked for.")
    var isolation = false

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Print as table, json, or by a template.", valueName: "format"),
        completion: .list(["table", "json"]))
    var format: String?

    @Option(
        help: ArgumentHelp("Look for a container or an image only.", valueName: "type"),
        completion: .list(["container", "image"]))
    var type: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(
        help: ArgumentHelp("Containers or images, by name or ID.", valueName: "container-or-image"),
        completion: Completions.containersAndImages)
    var names: [String]

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        var verb = try parse(arguments, name: name)
        if name.hasPrefix("container ") { verb.type = verb.type ?? "container" }
        return try verb.perform()
    }

    func perform() throws(CFSError) -> Int32 {
        let kind = try kind()
        let format = try checkedFormat()
        let engine = try globals.engine()
        var documents: [JSON] = []
        let status = try References.each(names) { reference throws(CFSError) in
            switch format {
            case .lines(let template):
                try StandardOutput.write(InspectText.line(template, try document(reference, kind, engine)))
            case .table: try StandardOutput.write(table(engine.container(reference)))
            case .json, .columns: documents.append(try document(reference, kind, engine))
            }
        }
        if format.isJSON { try StandardOutput.write(JSON.array(documents)) }
        return status
    }

    private func kind() throws(CFSError) -> Kind? {
        guard !(timing && isolation) else {
            throw CFSError(.invalidArgument, .parsing, "--timing and --isolation exclude each other")
        }
        switch type {
        case nil: return timing || isolation ? .container : nil
        case "container": return .container
        case "image" where timing || isolation:
            throw CFSError(.invalidArgument, .parsing, "an image has neither a timing nor an isolation")
        case "image": return .image
        case let type?:
            throw CFSError(
                .invalidArgument, .parsing, "--type does not take \"\(type)\"", hint: "write container or image")
        }
    }

    private func checkedFormat() throws(CFSError) -> TemplateFormat {
        let format = try TemplateFormat(format ?? (timing || isolation ? "table" : "json"))
        switch format {
        case .columns:
            throw CFSError(
                .invalidArgument, .parsing, "inspect prints a line for each, and no table of a template",
                hint: "leave \"table\" away")
        case .table where !timing && !isolation:
            throw CFSError(
                .invalidArgument, .parsing, "only --timing and --isolation have a table", hint: "leave --format away")
        case .table, .json, .lines: return format
        }
    }

    private func table(_ container: Container) throws(CFSError) -> String {
        if timing { return TimingReport(id: container.id, phases: try container.timing()).table }
        let columns = Terminal.size(1).map { Int($0.columns) } ?? 120
        return IsolationReport(id: container.id, facts: try container.isolation())
            .table(StandardOutput.style, columns: columns)
    }

    private func document(_ reference: String, _ kind: Kind?, _ engine: Engine) throws(CFSError) -> JSON {
        if kind == .image { return try engine.inspectImage(reference) }
        do throws(CFSError) {
            let container = try engine.container(reference)
            if timing { return TimingReport(id: container.id, phases: try container.timing()).json }
            if isolation { return IsolationReport(id: container.id, facts: try container.isolation()).json }
            return try container.inspect()
        } catch {
            guard kind == nil, error.code == .containerNotFound else { throw error }
            return try image(reference, engine, otherwise: error)
        }
    }

    /// - Parameter missing: that there is no such container.
    private func image(
        _ reference: String, _ engine: Engine, otherwise missing: CFSError
    ) throws(CFSError) -> JSON {
        do throws(CFSError) {
            return try engine.inspectImage(reference)
        } catch {
            guard error.code == .imageNotFound else { throw error }
            // One of the catalogue that was not made yet is no unknown name.
            if missing.hint == "see `cfs ps -a`", try engine.hasCatalogueImage(reference) { throw error }
            let near = error.hint.flatMap { $0.hasPrefix("did you mean") ? $0 : nil }
            let hint = missing.hint == "see `cfs ps -a`" ? near ?? "see `cfs ps -a` and `cfs images`" : missing.hint
            throw CFSError(missing.code, missing.phase, "\(missing.message), and no image", hint: hint)
        }
    }
}
