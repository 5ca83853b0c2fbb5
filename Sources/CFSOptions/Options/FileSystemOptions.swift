import ArgumentParser
import CFSCore

/// What the container sees of file systems and devices.
struct FileSystemOptions {
    static let optionNames = OptionNames(flags: ["read-only"], values: ["volume v", "mount", "tmpfs", "device"])

    let volume: [String]
    let mount: [String]
    let tmpfs: [String]
    let readOnly: Bool
    let device: [String]

    init(_ arguments: CanonicalArguments) {
        volume = arguments.values("volume")
        mount = arguments.values("mount")
        tmpfs = arguments.values("tmpfs")
        readOnly = arguments.has("read-only")
        device = arguments.values("device")
    }

    func fill(_ spec: inout ContainerSpec, _ caller: Caller) throws(CFSError) {
        spec.readOnlyRoot = readOnly
        for text in volume { spec.mounts.append(try VolumeSyntax.mount(text, caller)) }
        for text in mount { spec.mounts.append(try MountSyntax.mount(text, caller)) }
        for text in tmpfs { spec.mounts.append(try TmpfsSyntax.mount(text)) }
        for text in device { spec.devices.append(try DeviceSyntax.device(text)) }
        try Self.checkTargets(spec.mounts)
    }

    private static func checkTargets(_ mounts: [MountRequest]) throws(CFSError) {
        for (index, mount) in mounts.enumerated() where mounts[..<index].contains(where: { $0.target == mount.target })
        {
            throw CFSError(.invalidArgument, .parsing, "two mounts have the target \(mount.target)", path: mount.target)
        }
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            name: .shortAndLong,
            help: ArgumentHelp(
                "Mount a file or folder of the host: ./data:/data:ro.", valueName: "source:target[:words]"),
            completion: .file())
        var volume: [String] = []

        @Option(
            help: ArgumentHelp("Mount by keys: type=bind,src=/a,dst=/b,readonly.", valueName: "keys"))
        var mount: [String] = []

        @Option(help: ArgumentHelp("Mount an empty file system in memory.", valueName: "target[:words]"))
        var tmpfs: [String] = []

        @Flag(help: "Make the container's own file system read-only.")
        var readOnly = false

        @Option(
            help: ArgumentHelp("Give a device of the host.", valueName: "source[:target[:rwm]]"), completion: .file())
        var device: [String] = []
    }
}
