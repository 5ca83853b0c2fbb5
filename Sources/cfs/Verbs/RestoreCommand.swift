import ArgumentParser
import CFSCore

/// `cfs system restore`: after a reboot.
struct RestoreCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Start what should run after a reboot.",
        usage: "cfs system restore [<options>]",
        discussion: """
            Containers of the restart policies always and unless-stopped, and those of on-failure that were running when the \
            machine went down; also one whose monitor somebody has killed, which nothing else starts. Prints what it has \
            started. Doing it again is harmless: call it at every boot.

            Example:
              cfs system restore
            """)

    static let optionNames = GlobalOptions.optionNames

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let restoration = try globals.engine().restore()
        if let failure = restoration.networkFailure { StandardError.warn("\(failure)") }
        for id in restoration.started { try StandardOutput.write("\(id)\n") }
        for failure in restoration.failures {
            StandardError.write(ErrorText.text(failure.error.naming(failure.name), style: StandardError.style))
        }
        return restoration.failures.isEmpty ? 0 : 1
    }
}
