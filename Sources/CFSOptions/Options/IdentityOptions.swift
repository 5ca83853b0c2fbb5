import CFSCore

/// What a container is called, and how long it stays.
package struct IdentityOptions {
    package static let optionNames = OptionNames(
        flags: ["rm"], values: ["name", "hostname h", "cidfile"], lists: ["label l", "label-file"])

    package let name: String?
    package let remove: Bool
    package let hostname: String?
    package let label: [String]
    package let labelFile: [String]
    package let cidfile: String?

    package init(_ arguments: CanonicalArguments) {
        name = arguments.value("name")
        remove = arguments.has("rm")
        hostname = arguments.value("hostname")
        label = arguments.values("label")
        labelFile = arguments.values("label-file")
        cidfile = arguments.value("cidfile")
    }

    package func fill(_ spec: inout ContainerSpec, _ caller: Caller) throws(CFSError) {
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
}
