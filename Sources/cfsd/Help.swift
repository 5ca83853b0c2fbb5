import CFSOptions

/// What `cfsd --help` says, from the list of options.
enum Help {
    static var text: String {
        var text = """
            The daemon of cfs: a REST interface for containers, on 127.0.0.1:1337 and on a Unix socket.

            Usage: cfsd [<options>]
                   cfsd check-config [<options>]

            Root and members of the group cfs may call. Containers do not need the daemon: they run on when it ends.
            SIGHUP reads the configuration again; SIGTERM ends it when the requests under way are answered.

            Options (each also as a key of the file, and as a variable):
              -c, --config <file>             Configuration in TOML (CFSD_CONFIG, or /etc/cfs/cfsd.toml when it is there).

            """
        for option in DaemonOption.all {
            let flag = "--\(option.name)" + (option.kind == .flag ? "" : " <\(option.valueName)>")
            let gap = String(repeating: " ", count: max(2, 28 - flag.count))
            text += "      \(flag)\(gap)\(option.help) \(option.variables.joined(separator: ", "))\n"
        }
        text += "  -v, --version\n      --help\n"
        return text
    }
}
