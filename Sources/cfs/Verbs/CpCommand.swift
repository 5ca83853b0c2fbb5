import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs cp`: files between a container and the host.
struct CpCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "cp",
        abstract: "Copy files between a container and this machine.",
        usage: "cfs cp [<options>] <container>:<path> <path> | - ; cfs cp [<options>] <path> | - <container>:<path>",
        discussion: """
            A folder goes into one that is there, under its own name, and becomes the target where there is none; with /. \
            at its end only what lies in it is copied. - stands for a tar: on standard output, or from standard input \
            into a folder.

            A container need not run. While it does not, nothing is mounted in it: what would go to a volume or another \
            mount is an error, and what lies there does not come along.

            On this machine a link at the end of the path is replaced and not followed, since an earlier copy may have \
            brought it from the container; a slash behind it follows it.

            The copy belongs to whoever copies, or to the container's root, unless -a keeps the owners.

            Examples:
              cfs cp ./site/. web:/srv
              cfs cp web:/var/log - | tar -t
            """)

    static let optionNames =
        OptionNames(flags: ["archive a", "follow-link L", "quiet q"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Keep owners, set-uid bits and devices.")
    var archive = false

    @Flag(
        name: [.customShort("L"), .customLong("follow-link")],
        help: "Copy what a link leads to, where the source is one.")
    var followLink = false

    @Flag(name: .shortAndLong, help: "Say nothing at the end.")
    var quiet = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "What to copy.", completion: Completions.copyOperands)
    var source: String

    @Argument(help: "Where to.", completion: Completions.copyOperands)
    var target: String

    func perform() throws(CFSError) -> Int32 {
        var options = CopyOptions()
        options.keepsOwners = archive
        options.followsLink = followLink
        let caller = Caller.current
        switch try (CopyOperand(source), CopyOperand(target)) {
        case (.inside(let reference, let path), .stream):
            try TarOutput.check(isTerminal: Terminal.isTerminal(1), example: "cfs cp \(source) - | tar -t")
            let container = try globals.engine().container(reference)
            tell(unmounted: try container.copyOut(path, toDescriptor: 1, name: StandardOutput.name, options: options))
            return 0
        case (.inside(let reference, let path), .host(let hostPath)):
            return try copy(reference) { container, interruption throws(CFSError) in
                try container.copyOut(
                    path, to: try Self.host(hostPath, caller), options: options, interruption: interruption)
            }
        case (.stream, .inside(let reference, let path)):
            return try copy(reference) { container, interruption throws(CFSError) in
                try container.copyIn(tarFrom: 0, to: path, options: options, interruption: interruption)
            }
        case (.host(let hostPath), .inside(let reference, let path)):
            return try copy(reference) { container, interruption throws(CFSError) in
                try container.copyIn(
                    from: try Self.host(hostPath, caller), to: path, options: options, interruption: interruption)
            }
        case (.inside, .inside):
            throw CFSError(
                .invalidArgument, .parsing, "nothing is copied from one container to another at once",
                hint: "by a tar, into a folder that is there: cfs cp \(source) - | cfs cp - \(target)")
        default:
            throw CFSError(
                .invalidArgument, .parsing, "neither \"\(source)\" nor \"\(target)\" names a container",
                hint: "write CONTAINER:PATH, for example cfs cp ./file web:/tmp")
        }
    }

    private func copy(
        _ reference: String, _ body: (Container, StartInterruption) throws(CFSError) -> CopyReport
    ) throws(CFSError) -> Int32 {
        let container = try globals.engine().container(reference)
        return try StartSignals.guarding("the copy") { interruption throws(CFSError) in
            tell(try body(container, interruption))
        }
    }

    /// The slash or dot at the end has a meaning, and stays.
    private static func host(_ path: String, _ caller: Caller) throws(CFSError) -> String {
        let absolute = try caller.absolute(path)
        let meansContent = path == "." || path.hasSuffix("/.")
        if meansContent, !absolute.hasSuffix("/.") { return absolute + "/." }
        return path.hasSuffix("/") && !absolute.hasSuffix("/") ? absolute + "/" : absolute
    }

    private func tell(unmounted places: [String]) {
        for place in places {
            StandardError.warn(
                "\(Printable.text(place)) is only mounted while the container runs: what lies there was not copied")
        }
    }

    private func tell(_ report: CopyReport) {
        if !report.leftOut.isEmpty {
            let count = report.leftOut.count
            StandardError.warn(
                count == 1 ? "a device was left out: -a copies it" : "\(count) devices were left out: -a copies them")
        }
        tell(unmounted: report.unmounted)
        if quiet { return }
        let files = report.files == 1 ? "1 file" : "\(report.files) files"
        StandardError.write("\(files), \(ByteCount(report.bytes)), copied to \(Printable.text(target))\n")
    }
}
