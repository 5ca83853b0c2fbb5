import ArgumentParser
import CFSCore

/// What a container is called, and how long it stays.
struct IdentityOptions {
    static let optionNames = OptionNames(
        flags: ["rm"], values: ["name", "hostname h", "label l", "label-file", "cidfile"])

    let name: String?
    let remove: Bool
    let hostname: String?
    let label: [String]
    let labelFile: [String]
    let cidfile: String?

    init(_ arguments: CanonicalArguments) {
        name = arguments.value("name")
        remove = arguments.has("rm")
        hostname = arguments.value("hostname")
        label = arguments.values("label")
        labelFile = arguments.values("label-file")
        cidfile = arguments.value("cidfile")
    }

    func fill(_ spec: inout ContainerSpec, _ caller: Caller) throws(CFSError) {
        if let name, name.isEmpty { throw CFSError(.invalidArgument, .parsing, "--name is empty") }
        spec.name = name
        spec.autoRemove = remove
        if let hostname {
            guard (1...64).contains(hostname.utf8.count) else {
                throw CFSError(.invalidArgument, .parsing, "a host name has 1 to 64 bytes, not \(hostname.utf8.count)")
            }
            spec.hostname = hostname
        }
        spec.labels = try LabelSyntax.labels(files: labelFile, options: label, caller)
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(help: ArgumentHelp("Name of the container (default: one is made up).", valueName: "name"))
        var name: String?

        @Flag(name: .customLong("rm"), help: "Remove the container when it has ended.")
        var remove = false

        @Option(name: [.customShort("h"), .long], help: ArgumentHelp("Host name inside.", valueName: "name"))
        var hostname: String?

        @Option(name: .shortAndLong, help: ArgumentHelp("Label of the container.", valueName: "key[=value]"))
        var label: [String] = []

        @Option(help: ArgumentHelp("Read labels from a file.", valueName: "file"), completion: .file())
        var labelFile: [String] = []

        @Option(help: ArgumentHelp("Write the container's ID to a new file.", valueName: "file"), completion: .file())
        var cidfile: String?
    }
}
