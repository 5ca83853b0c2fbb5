import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions
import Glibc

/// `cfs server`: the daemon, in the place of this process.
struct ServerCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Start the daemon: REST on 127.0.0.1:1337, with a page.",
        usage: "cfs server [<options>]",
        discussion: """
            Becomes cfsd, which stands beside cfs or in a folder of PATH; cfsd --help says the rest. Containers do not \
            need it: they run on when it ends.

            Examples:
              cfs server
              cfs server --listen 127.0.0.1:8080 --socket /run/cfs.sock
            """)

    static let optionNames = DaemonOption.optionNames

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Configuration in TOML (/etc/cfs/cfsd.toml when it is there).", valueName: "file"),
        completion: .file())
    var config: String?

    @Option(help: ArgumentHelp("Address and port, or a port (default: 127.0.0.1:1337).", valueName: "address"))
    var listen: [String] = []

    @Option(help: ArgumentHelp("Unix socket; \"\" for none.", valueName: "path"), completion: .file())
    var socket: String?

    @Option(help: ArgumentHelp("Name under which other machines reach it.", valueName: "name"))
    var host: [String] = []

    @Option(help: ArgumentHelp("Certificate of the daemon, in PEM.", valueName: "file"), completion: .file())
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("Its private key, in PEM.", valueName: "file"), completion: .file())
    var tlsKey: String?

    @Option(help: ArgumentHelp("Authorities of callers' certificates, in PEM.", valueName: "file"), completion: .file())
    var tlsClientCa: String?

    @Option(
        help: ArgumentHelp("debug, info, warning or error (default: info).", valueName: "level"),
        completion: .list(["debug", "info", "warning", "error"]))
    var logLevel: String?

    @Flag(help: "Do not start at the beginning what should run.")
    var noRestore = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        let caller = Caller.current
        var words = ["cfsd"]
        for option in arguments.options {
            let isPath = ["root", "run", "config", "socket"].contains(option.name)
            var value = option.value
            if let path = value, isPath, !path.isEmpty { value = try caller.absolute(path) }
            words.append("--\(option.name)" + (value.map { "=\($0)" } ?? ""))
        }
        words += arguments.words
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let own = try File.readLink("/proc/self/exe")
        if let slash = own.lastIndex(of: "/") { execv("\(own[..<slash])/cfsd", &pointers) }
        execvp("cfsd", &pointers)
        throw CFSError(
            .invalidConfiguration, .starting, "the executable cfsd cannot be started", systemCall: "execve",
            errno: errno, hint: "it belongs beside cfs, or into a folder of PATH")
    }
}
