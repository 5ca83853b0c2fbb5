/// The options of the daemon: each is a flag, a variable of its environment, and a key of its configuration file.
package struct DaemonOption: Sendable {
    package enum Kind: Sendable { case value, list, flag }

    /// The long flag, and the key of the file.
    package let name: String
    package let kind: Kind
    package let valueName: String
    package let help: String
    /// Variables of the environment, the first that is set counts.
    package let variables: [String]

    package static let all: [DaemonOption] = [
        DaemonOption(
            "listen", .list, "address", "Address and port, or a port; several with commas (default: 127.0.0.1:1337)."),
        DaemonOption("socket", .value, "path", "Unix socket; \"\" for none (default: cfsd.sock in the run folder)."),
        DaemonOption("root", .value, "folder", "Folder of images and containers (/var/lib/cfs).", also: "CFS_ROOT"),
        DaemonOption("run", .value, "folder", "Folder of running containers (/run/cfs).", also: "CFS_RUN"),
        DaemonOption("host", .list, "name", "Name under which other machines reach it; several with commas."),
        DaemonOption(
            "tls-certificate", .value, "file", "Certificate of the daemon, in PEM: for --listen beyond loopback."),
        DaemonOption("tls-key", .value, "file", "Its private key, in PEM."),
        DaemonOption("tls-client-ca", .value, "file", "Authorities of callers' certificates, in PEM."),
        DaemonOption("log-level", .value, "level", "debug, info, warning or error (default: info)."),
        DaemonOption("no-restore", .flag, "", "Do not start at the beginning what should run."),
    ]

    private init(_ name: String, _ kind: Kind, _ valueName: String, _ help: String, also variable: String? = nil) {
        self.name = name
        self.kind = kind
        self.valueName = valueName
        self.help = help
        let own = "CFSD_" + name.uppercased().split(separator: "-").joined(separator: "_")
        variables = [own] + (variable.map { [$0] } ?? [])
    }

    /// For the reader of arguments; `config` is a flag alone.
    package static let optionNames = OptionNames(
        flags: ["no-restore"],
        values: [
            "config c", "socket", "root", "run", "tls-certificate", "tls-key", "tls-client-ca", "log-level",
        ], lists: ["listen", "host"])
}
