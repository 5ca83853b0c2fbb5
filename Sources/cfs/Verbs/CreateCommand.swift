import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs create`: a container that `cfs start` runs.
struct CreateCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a container without starting it.",
        usage: "cfs create [<options>] <image> [<command> ...]",
        discussion: """
            Prints the container's ID. The options are those of "cfs run", but for --detach and --detach-keys: \
            "cfs start" decides that.

            Example:
              cfs create --name web -v ./site:/srv:ro BusyBox httpd -f -h /srv
              cfs start web
            """,
        helpNames: .long)

    static let optionNames = ContainerOptions.optionNames + GlobalOptions.optionNames
    static let optionsEndAtFirstWord = true
    static let startsCommand = true

    @OptionGroup var declaration: ContainerOptions.Declaration

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        let caller = Caller.current
        let options = try ContainerOptions(arguments, verb: name)
        guard !options.streams.detach else {
            throw CFSError(
                .invalidArgument, .parsing, "create does not take --detach",
                hint: "cfs start leaves a container in the background by itself; with -a it stays in front")
        }
        guard !options.streams.hasDetachKeys else {
            throw CFSError(
                .invalidArgument, .parsing, "create does not take --detach-keys",
                hint: "whoever is joined to the container says so: cfs start -a, cfs attach")
        }
        let spec = try options.spec(caller)
        var file: IdentityFile?
        if let path = options.identity.cidfile { file = try IdentityFile(path, caller) }
        do throws(CFSError) {
            let container = try GlobalOptions.engine(arguments, caller).create(spec)
            for warning in container.warnings { StandardError.warn(warning) }
            try file?.write(container.id)
            try StandardOutput.write("\(container.id)\n")
            return 0
        } catch {
            file?.remove()
            throw error
        }
    }
}
