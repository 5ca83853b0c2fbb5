import TestSupport
import Testing

@testable import CFSRuntime

@Suite("The manual page of the runtime")
struct ManualPageTests {
    /// The page by its headings: of sections, and of commands within one.
    private static func sections() throws -> [String: String] {
        let page = try #require(textOfFile(Repository.path("docs/man/cfs-runtime.8")))
        var sections: [String: String] = [:]
        var heading = ""
        for line in page.split(separator: "\n") {
            if line.hasPrefix(".Sh ") || line.hasPrefix(".Ss ") {
                heading = line.dropFirst(4).split(separator: " ").first.map(String.init) ?? ""
            } else {
                sections[heading, default: ""] += "\(line)\n"
            }
        }
        return sections
    }

    private static func heading(_ option: RuntimeOption) -> String {
        ".It " + option.names.map { $0.utf8.count == 1 ? "Fl \($0)" : "Fl -\($0)" }.joined(separator: " , ")
    }

    @Test("it has every command with every option, and no other option")
    func commands() throws {
        let sections = try Self.sections()
        for command in RuntimeCommand.all {
            let section = try #require(sections[command.names[0]], "\(command.names[0]) has no section")
            for option in command.options {
                #expect(section.contains(Self.heading(option)), "\(command.names[0]): \(Self.heading(option))")
            }
            #expect(section.split(separator: "\n").count { $0.hasPrefix(".It ") } == command.options.count)
        }
        let section = try #require(sections["OPTIONS"])
        for option in RuntimeMain.globalOptions {
            #expect(section.contains(Self.heading(option)), "\(Self.heading(option))")
        }
        #expect(section.split(separator: "\n").count { $0.hasPrefix(".It ") } == RuntimeMain.globalOptions.count)
    }
}
