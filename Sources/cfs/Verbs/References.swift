import CFSCore

/// One verb for several containers or images.
enum References {
    /// Tries every one; what failed is told at once and does not stop the others.
    ///
    /// - Parameter name: what each is called, for its error to say; nil where only one was named.
    /// - Returns: 64 when what was asked of one is wrong, 1 when one failed, else 0.
    static func each<Reference>(
        _ references: [Reference], named name: (Reference) -> String?,
        report: (CFSError) -> Void = { StandardError.write(ErrorText.text($0, style: StandardError.style)) },
        _ body: (Reference) throws(CFSError) -> Void
    ) throws(CFSError) -> Int32 {
        var status: Int32 = 0
        for reference in references {
            do throws(CFSError) {
                try body(reference)
            } catch {
                // A reader that has gone ends the verb, and is no failure of the reference.
                if StandardOutput.isClosed(error) { throw error }
                report(name(reference).map(error.naming) ?? error)
                status = max(status, Program.status(error, startsCommand: false))
            }
        }
        return status
    }

    /// As ``each(_:named:report:_:)``, of names.
    static func each(
        _ references: [String],
        report: (CFSError) -> Void = { StandardError.write(ErrorText.text($0, style: StandardError.style)) },
        _ body: (String) throws(CFSError) -> Void
    ) throws(CFSError) -> Int32 {
        try each(references, named: { references.count > 1 ? $0 : nil }, report: report, body)
    }

    /// Shows what is known of each: a JSON array, or by a template a line each.
    ///
    /// - Parameter what: what one of them is, for errors.
    /// - Returns: as ``each(_:named:report:_:)``.
    static func inspect(
        _ references: [String], _ format: String?, _ what: String, _ document: (String) throws(CFSError) -> JSON
    ) throws(CFSError) -> Int32 {
        var template: Template?
        switch try TemplateFormat(format ?? "json") {
        case .json: break
        case .lines(let read): template = read
        case .table, .columns:
            throw CFSError(
                .invalidArgument, .parsing, "\(what) is shown as json or by a template only",
                hint: "leave --format away")
        }
        var documents: [JSON] = []
        let status = try each(references) { reference throws(CFSError) in
            let document = try document(reference)
            if let template {
                try StandardOutput.write(InspectText.line(template, document))
            } else {
                documents.append(document)
            }
        }
        if template == nil { try StandardOutput.write(JSON.array(documents)) }
        return status
    }

    /// One verb for several containers, each of which is printed once it is done. A container that is named twice, by its
    /// name and its ID for example, is done once, and printed as often as it is named.
    ///
    /// - Returns: 1 when one failed, else 0.
    static func eachContainer(
        _ references: [String], _ engine: Engine, _ body: (Container) throws(CFSError) -> Void
    ) throws(CFSError) -> Int32 {
        // Looked up first: what one reference removes the next one would not find.
        let places = references.count > 1 ? places(references, engine) : [:]
        var done: Set<ContainerID> = []
        return try each(references) { reference throws(CFSError) in
            let container: Container
            if let place = places[reference] { container = place } else { container = try engine.container(reference) }
            if !done.contains(container.id) {
                try body(container)
                done.insert(container.id)
            }
            try StandardOutput.write("\(reference)\n")
        }
    }

    private static func places(_ references: [String], _ engine: Engine) -> [String: Container] {
        var places: [String: Container] = [:]
        for reference in references {
            // What is wrong with it is told when its turn comes.
            do throws(CFSError) { places[reference] = try engine.container(reference) } catch { continue }
        }
        return places
    }
}

extension CFSError {
    /// The error of one of several: with its name in front, where the message does not have it.
    func naming(_ reference: String) -> CFSError {
        // A name may be a part of other words and of paths.
        func isOfWord(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || "_-./".contains(character)
        }
        let isNamed = message.ranges(of: reference).contains { range in
            let isInside = message[..<range.lowerBound].last.map(isOfWord) ?? false
            let after = message[range.upperBound...].prefix(while: isOfWord)
            return !isInside && (after.isEmpty || after == ".")
        }
        guard !isNamed else { return self }
        var named = self
        named.message = "\(reference): \(message)"
        return named
    }
}
