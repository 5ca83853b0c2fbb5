import ArgumentParser
import CFSCore
import CFSOptions
import Glibc

/// `cfs version`: of cfs and of the kernel below it.
struct VersionCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Show the version of cfs and of the kernel.",
        usage: "cfs version [<options>]",
        discussion: """
            Example:
              cfs version --format json
            """)

    static let optionNames = OptionNames(values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        var system = utsname()
        uname(&system)
        let version: JSON = [
            "Version": .string(Engine.version), "Os": "linux", "Arch": .string(Self.text(&system.machine)),
            "Kernel": .string(Self.text(&system.release)),
        ]
        switch format {
        case .table: try StandardOutput.write(Outline.text(version))
        case .json: try StandardOutput.write(version)
        }
        return 0
    }

    /// The text of one of utsname's arrays of characters.
    private static func text<Characters>(_ field: inout Characters) -> String {
        withUnsafeBytes(of: &field) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
