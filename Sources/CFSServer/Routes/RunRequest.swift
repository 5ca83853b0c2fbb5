import CFSCore
import CFSOptions
import HTTPTypes

/// The body of `POST /run`, before anything is done: which of the two it is, and a container by the options of `cfs run`.
enum RunRequest {
    /// Members that are no options.
    static let ownFields = ["state", "image", "command", "wait"]
    /// Options that mean nothing here: they are about the caller's own terminal.
    static let refusedOptions = ["detach-keys"]

    case run(ContainerSpec, identityFile: String?, waits: Bool)
    case stop(id: String, seconds: Int?)

    /// - Throws: `invalidArgument` for whatever the fields cannot mean, with the words of the command line.
    init(_ object: JSONObject) throws(CFSError) {
        guard let state = object["state"] else {
            throw Self.wrong(
                "the field state is missing",
                "write {\"state\":\"run\",\"image\":...} or {\"state\":\"stop\",\"id\":...}")
        }
        switch state.string {
        case "run": self = try Self.run(object)
        case "stop": self = try Self.stop(object)
        default: throw Self.wrong("unknown state \(state.text().prefix(100))", "state is run or stop")
        }
    }

    private static func wrong(_ message: String, _ hint: String? = nil) -> CFSError {
        CFSError(.invalidArgument, .parsing, message, hint: hint)
    }

    /// What is wrong with a field that must be a text with something in it.
    private static func absentOrWrong(_ value: JSON?) -> String {
        switch value {
        case nil, .null?: "is missing"
        case .string?: "is empty"
        case let value?: "is a text, not \(value.text().prefix(100))"
        }
    }

    private static func stop(_ object: JSONObject) throws(CFSError) -> RunRequest {
        for (key, _) in object.entries where !["state", "id", "time"].contains(key) {
            throw wrong("unknown field \(key.prefix(100))", "to stop takes state, id and time")
        }
        guard let id = object["id"]?.string, !id.isEmpty else {
            throw wrong(
                "the field id \(absentOrWrong(object["id"]))", "write the container's id, its beginning, or its name")
        }
        return .stop(id: id, seconds: try seconds(object["time"]))
    }

    /// Seconds until what does not end is killed; nil leaves that to the container.
    static func seconds(_ value: JSON?) throws(CFSError) -> Int? {
        guard let value, value != .null else { return nil }
        guard let number = value.integer.flatMap({ Int(exactly: $0) }), ContainerSpec.stopTimeouts.contains(number)
        else {
            throw wrong("time does not take \(value.text().prefix(100))", "write seconds, 0 to 86400")
        }
        return number
    }

    private static func run(_ object: JSONObject) throws(CFSError) -> RunRequest {
        guard let image = object["image"]?.string, !image.isEmpty else {
            throw wrong(
                "the field image \(absentOrWrong(object["image"]))",
                "write the name of an image: see GET /images and /catalogue")
        }
        let words = try command(object["command"])
        var waits = try flag(object["wait"], "wait") ?? false
        var arguments: [String] = []
        for (key, value) in object.entries where !ownFields.contains(key) && value != .null {
            if key == "detach", let detaches = value.bool {
                // The opposite of waiting; both may be said when they agree.
                if object["wait"] != nil, waits == detaches { throw wrong("wait and detach contradict each other") }
                waits = !detaches
                continue
            }
            arguments += try option(key, value)
        }
        let canonical = try CanonicalArguments(
            (arguments + ["--", image] + words)[...], ContainerOptions.optionNames, optionsEndAtFirstWord: true,
            verb: "run")
        let options = try ContainerOptions(canonical, verb: "run")
        // What the options take from their caller: no environment, and paths from the root on.
        let spec = try options.spec(Caller(variable: { _ in nil }, directory: "/"))
        return .run(spec, identityFile: options.identity.cidfile, waits: waits)
    }

    /// The words of a command: a string as a shell would split it, or an array.
    static func command(_ value: JSON?) throws(CFSError) -> [String] {
        let words: [String]
        switch value {
        case nil, .null?: return []
        case .string(let text)?: words = try ShellWords.split(text)
        case let value?:
            guard let texts = value.strings else {
                throw wrong("command is a string or an array of strings, not \(value.text().prefix(100))")
            }
            words = texts
        }
        for word in words where word.utf8.contains(0) { throw wrong("command has a byte of zero") }
        return words
    }

    static func flag(_ value: JSON?, _ name: String) throws(CFSError) -> Bool? {
        guard let value, value != .null else { return nil }
        guard let flag = value.bool else { throw wrong("\(name) is true or false, not \(value.text().prefix(100))") }
        return flag
    }

    /// A field as it would stand on the command line.
    private static func option(_ key: String, _ value: JSON) throws(CFSError) -> [String] {
        guard key.utf8.count > 1, let entry = ContainerOptions.optionNames[key] else {
            let known = ContainerOptions.optionNames.longSpellings + ownFields
            let near = NearestName.suggestions(for: key, among: known)
            // Limits that cgroup v2 does not have, and ports, have words of their own.
            if let absent = CanonicalArguments.absent(key) { throw absent }
            throw wrong(
                "unknown field \(key.prefix(100))",
                near.isEmpty
                    ? "fields are the long options of cfs run" : "did you mean \(near.joined(separator: " or "))?")
        }
        guard !refusedOptions.contains(entry.name) else {
            throw wrong("\(key) is about a terminal, and there is none here", "leave it away")
        }
        if !entry.takesValue {
            return try flag(value, key) == true ? ["--\(key)"] : ["--\(key)=false"]
        }
        if let items = value.array {
            guard entry.isRepeatable else { throw wrong("\(key) takes one value, not an array") }
            var arguments: [String] = []
            for item in items { arguments.append("--\(key)=\(try text(item, key))") }
            return arguments
        }
        return ["--\(key)=\(try text(value, key))"]
    }

    private static func text(_ value: JSON, _ key: String) throws(CFSError) -> String {
        switch value {
        case .string(let text):
            guard !text.utf8.contains(0) else { throw wrong("\(key) has a byte of zero") }
            return text
        case .integer(let number): return "\(number)"
        case .unsigned(let number): return "\(number)"
        case .number(let number): return "\(number)"
        default: throw wrong("\(key) takes a string or a number, not \(value.text().prefix(100))")
        }
    }
}
