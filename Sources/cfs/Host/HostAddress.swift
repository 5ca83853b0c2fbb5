import CFSCore
import CFSLinux

/// The daemon that carries out a command line: of `--host`, which stands before the command, else of `CFS_HOST`.
struct HostAddress: Equatable {
    /// Of its Unix socket.
    let path: String

    /// - Throws: `invalidArgument` for everything but the path of a socket.
    init(_ text: String) throws(CFSError) {
        let scheme = "unix://"
        guard text.hasPrefix("\(scheme)/"), !text.utf8.contains(0) else {
            let isRemote = ["https://", "http://", "tcp://", "ssh://"].contains { text.hasPrefix($0) }
            throw CFSError(
                .invalidArgument, .parsing, "--host does not take \"\(text)\"",
                hint: isRemote
                    ? "commands reach a daemon through its Unix socket: unix:///run/cfs/cfsd.sock. On another machine: "
                        + "ssh MACHINE cfs ..., or its REST interface"
                    : "write the path of a daemon's socket: unix:///run/cfs/cfsd.sock")
        }
        path = String(text.dropFirst(scheme.count))
    }

    /// Takes `--host` out of the options before the command.
    ///
    /// - Parameter variable: of the environment.
    /// - Returns: nil where everything is to be done here.
    static func take(
        _ arguments: inout [String], variable: (String) -> String?
    ) throws(CFSError) -> HostAddress? {
        var index = 0
        var found: String?
        while index < arguments.count, arguments[index].hasPrefix("-"), arguments[index] != "-" {
            let argument = arguments[index]
            if argument == "--host" {
                guard index + 1 < arguments.count else {
                    throw CFSError(
                        .invalidArgument, .parsing, "the option --host needs a value", hint: "see cfs --help")
                }
                found = arguments[index + 1]
                arguments.removeSubrange(index...(index + 1))
            } else if argument.hasPrefix("--host=") {
                found = String(argument.dropFirst("--host=".count))
                arguments.remove(at: index)
            } else {
                // The others have values, too, unless one stands behind an equals sign.
                index += GlobalOptions.optionNames[String(argument.dropFirst(2))] == nil ? 1 : 2
            }
        }
        if let found { return try HostAddress(found) }
        guard let text = variable("CFS_HOST"), !text.isEmpty else { return nil }
        return try HostAddress(text)
    }
}
