import CFSModel

/// `--version`, as callers read it: the first word, then `version`, `commit:` and `spec:`.
enum VersionText {
    static func text(_ version: String) -> String {
        """
        runc version \(version) (cfs-runtime)
        commit: \(version)
        spec: \(RuntimeMain.specification)

        """
    }
}

enum HelpText {
    static func overview() -> String {
        var text = """
            cfs-runtime: an OCI runtime

            Usage: cfs-runtime [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]

            Commands:

            """
        for command in RuntimeCommand.all { text += row(command.names[0], command.summary) }
        text += "\nOptions:\n"
        for option in RuntimeMain.globalOptions { text += row(title(option), option.help) }
        return text + "\ncfs-runtime COMMAND --help says what a command takes.\n"
    }

    static func page(of command: RuntimeCommand) -> String {
        var text =
            "Usage: cfs-runtime \(command.names[0]) [OPTIONS] \(command.usage)\n\n\(command.summary)\n\nOptions:\n"
        for option in command.options + [RuntimeMain.helpOption] { text += row(title(option), option.help) }
        return text
    }

    private static func title(_ option: RuntimeOption) -> String {
        let names = option.names.map { $0.utf8.count == 1 ? "-\($0)" : "--\($0)" }.text(separator: ", ")
        return option.placeholder.isEmpty ? names : "\(names) \(option.placeholder)"
    }

    private static func row(_ name: String, _ help: String) -> String {
        let padding = String(repeating: " ", count: max(2, 30 - name.utf8.count))
        return "  \(name)\(padding)\(help)\n"
    }
}
