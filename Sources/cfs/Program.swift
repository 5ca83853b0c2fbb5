import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions
import Glibc

/// The whole program: arguments in, exit status out.
enum Program {
    /// The exit status of a wrong command line (EX_USAGE of sysexits.h), as ArgumentParser has it.
    static let usageStatus: Int32 = 64

    /// Runs what the arguments ask for; what failed stands on standard error then.
    static func run(_ arguments: [String]) -> Int32 {
        var startsCommand = false
        // A file that may not grow is an error to tell (ulimit -f).
        signal(SIGXFSZ, SIG_IGN)
        do throws(CFSError) {
            var arguments = arguments
            let host = try HostAddress.take(&arguments, variable: Caller.current.variable)
            switch try Invocation(arguments) {
            case .version:
                try StandardOutput.write("cfs version \(Engine.version)\n")
                return 0
            case .help(let arguments): return try help(arguments)
            case .verb(let verb, let name, let arguments):
                startsCommand = verb.startsCommand(arguments)
                // Swift has put a replacement character for what it could not read.
                if arguments.contains(where: { $0.unicodeScalars.contains("\u{fffd}") }) {
                    try ProcessArguments.checkText()
                }
                return try perform(verb, name, arguments, host)
            }
        } catch {
            // Whoever read has enough: not an error, and nobody is left to tell (as after SIGPIPE).
            if StandardOutput.isClosed(error) { return 141 }
            StandardError.write(ErrorText.text(error, style: StandardError.style))
            return status(error, startsCommand: startsCommand)
        }
    }

    /// The exit status of a failure.
    static func status(_ error: CFSError, startsCommand: Bool) -> Int32 {
        if startsCommand { return error.exitStatus }
        return error.code == .invalidArgument && error.phase == .parsing ? usageStatus : 1
    }

    private static func perform(
        _ verb: any Verb.Type, _ name: String, _ arguments: [String], _ host: HostAddress?
    ) throws(CFSError) -> Int32 {
        let canonical = try CanonicalArguments(
            arguments[...], verb.optionNames, optionsEndAtFirstWord: verb.optionsEndAtFirstWord, verb: name)
        // Those of a command line that a daemon carries out are the daemon's, and not its caller's to type.
        if HostedProcess.user == nil { HintCommands.adopt(canonical) }
        guard canonical.asksForHelp else {
            guard let host else { return try verb.perform(canonical, name: name) }
            return try perform(verb, name, canonical, arguments, host)
        }
        try StandardOutput.write(RootCommand.helpMessage(for: verb) + "\n")
        return 0
    }

    /// Has a daemon do it. What is wrong with the arguments was said before.
    private static func perform(
        _ verb: any Verb.Type, _ name: String, _ canonical: CanonicalArguments, _ arguments: [String],
        _ host: HostAddress
    ) throws(CFSError) -> Int32 {
        guard verb != ServerCommand.self else {
            throw CFSError(
                .invalidArgument, .parsing, "cfs server starts a daemon here, and no other can do that",
                hint: "leave --host away, and CFS_HOST")
        }
        for option in ["root", "run"] where canonical.has(option) {
            throw CFSError(
                .invalidArgument, .parsing, "--\(option) and --host do not go together: a daemon has its folders",
                hint: "leave one of them away")
        }
        return try RemoteCommand(address: host, arguments: name.split(separator: " ").map(String.init) + arguments)
            .run()
    }

    /// What ArgumentParser answers by itself: help, completion scripts and completions.
    private static func help(_ arguments: [String]) throws(CFSError) -> Int32 {
        do {
            var command = try RootCommand.parseAsRoot(arguments)
            try command.run()
        } catch {
            guard RootCommand.exitCode(for: error).isSuccess else {
                throw ErrorText.usage(RootCommand.message(for: error), verb: nil)
            }
            try StandardOutput.write(RootCommand.fullMessage(for: error) + "\n")
        }
        return 0
    }
}
