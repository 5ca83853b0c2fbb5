import CFSCore
import CFSOptions

/// One more command in a container, as JSON or a query ask for it: with the words of `cfs exec`.
enum ExecRequest {
    private static let fields = ["command", "env", "env-file", "workdir", "user", "privileged", "detach"]

    /// - Returns: the command, and whether nobody waits for it.
    static func read(_ object: JSONObject) throws -> (ExecutionRequest, detaches: Bool) {
        var arguments: [String] = []
        var detaches = false
        for (key, value) in object.entries where key != "command" && value != .null {
            guard fields.contains(key) else {
                throw ServerError(
                    .invalidRequest, "unknown field \(key.prefix(100))",
                    hint: "known here: \(fields.joined(separator: ", "))")
            }
            switch key {
            case "detach": detaches = try RunRequest.flag(value, key) ?? false
            case "privileged": if try RunRequest.flag(value, key) ?? false { arguments.append("--privileged") }
            default:
                let texts = value.string.map { [$0] } ?? value.strings
                guard let texts, texts.count == 1 || key.hasPrefix("env"),
                    !texts.contains(where: { $0.utf8.contains(0) })
                else {
                    throw ServerError(.invalidRequest, "\(key) does not take \(value.text().prefix(100))")
                }
                arguments += texts.map { "--\(key)=\($0)" }
            }
        }
        return (try request(arguments, try RunRequest.command(object["command"])), detaches)
    }

    /// - Parameter arguments: long options of `cfs exec`.
    static func request(_ arguments: [String], _ command: [String]) throws(CFSError) -> ExecutionRequest {
        guard !command.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "there is no command to run", hint: #"write {"command": ["ls", "/"]}"#)
        }
        let canonical = try CanonicalArguments(
            (arguments + ["--", "container"] + command)[...], ExecOptions.optionNames, optionsEndAtFirstWord: true,
            verb: "exec")
        return try ExecOptions(canonical, verb: "exec").request(Caller(variable: { _ in nil }, directory: "/"))
    }
}
