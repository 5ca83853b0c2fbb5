import ArgumentParser
import CFSCore
import CFSLinux

/// `cfs run`: a command in a new container.
struct RunCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command in a new container.",
        usage: "cfs run [<options>] <image> [<command> ...]",
        discussion: """
            Options end at the image: what follows belongs to the command. The exit status is the command's own, 128+n \
            after signal n, 125 when cfs failed, 126 when the command cannot be executed, 127 when it was not found.

            Examples:
              cfs run --rm BusyBox echo hello
              cfs run -it --rm -v ./src:/src:ro -w /src TinyCore sh
            """,
        helpNames: .long)

    static let optionNames = ContainerOptions.optionNames
    static let optionsEndAtFirstWord = true
    static let startsCommand = true

    @OptionGroup var declaration: ContainerOptions.Declaration

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        let caller = Caller.current
        let options = try ContainerOptions(arguments, verb: name)
        try options.streams.checkTerminal()
        var spec = try options.spec(caller)
        if spec.terminal, let size = Terminal.size(0) { spec.windowSize = (size.rows, size.columns) }
        var file: IdentityFile?
        if let path = options.identity.cidfile { file = try IdentityFile(path, caller) }
        let container = try GlobalOptions.engine(arguments, caller).create(spec)
        do throws(CFSError) {
            try file?.write(container.id)
            return try options.streams.detach ? detached(container) : attached(container, spec)
        } catch {
            guard !error.isAfterStart else { throw error }
            file?.remove()
            throw removing(container, after: error)
        }
    }

    private func attached(_ container: Container, _ spec: ContainerSpec, _ file: IdentityFile?) throws(CFSError) -> Int32 {
        let status = try AttachedSession.run(terminal: spec.terminal, interactive: spec.interactive) {
            () throws(CFSError) in
            do throws(CFSError) {
                return try container.start(.inherited)
            } catch {
                file?.remove()
                throw Self.removing(container, after: error)
            }
        }
        if let reason = status.reason { StandardError.write("cfs: \(Printable.text(reason))\n") }
        return status.code
    }

    /// Takes away a container whose command never ran.
    ///
    /// - Returns: the failure that led here; one of the removal itself must not hide it.
    private static func removing(_ container: Container, after failure: CFSError) -> CFSError {
        do throws(CFSError) {
            try container.remove(force: true)
            return failure
        } catch where error.code == .containerNotFound {
            return failure
        } catch {
            return failure.hinting("\(error.description); cfs rm -f \(container.id.short) removes what is left")
        }
    }
}
