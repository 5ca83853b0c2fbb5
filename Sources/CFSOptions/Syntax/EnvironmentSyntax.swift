import CFSCore

/// Reads `--env` and `--env-file`.
package enum EnvironmentSyntax {
    /// The variables of the files, then those of the options, as `KEY=VALUE`; the last of a name stays.
    ///
    /// - Throws: `.invalidArgument` for a name that is empty or has white space, and for a file that cannot be read.
    package static func variables(files: [String], options: [String], _ caller: Caller) throws(CFSError) -> [String] {
        var variables: [String] = []
        for file in files {
            let path = try caller.absolute(file, of: "--env-file")
            for (number, line) in try LineFile.lines(path, option: "--env-file") {
                let place = "\(file):\(number): "
                if let variable = try variable(line, place: place, caller) { variables.append(variable) }
            }
        }
        for text in options {
            if let variable = try variable(text, place: "", caller) { variables.append(variable) }
        }
        return lastOfEachName(variables)
    }

    /// Nil for a name without a value that the caller does not have either, as with Docker.
    private static func variable(_ text: String, place: String, _ caller: Caller) throws(CFSError) -> String? {
        let name = text.prefix { $0 != "=" }
        guard !name.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "\(place)the variable \"\(text)\" has no name", hint: "write KEY=VALUE")
        }
        guard !name.contains(where: \.isWhitespace) else {
            throw CFSError(
                .invalidArgument, .parsing, "\(place)the variable's name \"\(name)\" contains white space",
                hint: "write KEY=VALUE")
        }
        if name.endIndex != text.endIndex { return text }
        return caller.variable(text).map { "\(text)=\($0)" }
    }

    private static func lastOfEachName(_ variables: [String]) -> [String] {
        guard variables.count > 1 else { return variables }
        var seen: Set<Substring> = []
        return variables.reversed().filter { seen.insert($0.prefix { $0 != "=" }).inserted }.reversed()
    }
}
