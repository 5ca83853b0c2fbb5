import CFSModel
import Glibc
import Testing

@testable import CFSNamespaces

@Suite("Names of limits")
struct ResourceLimitNamesTests {
    @Test("a limit is read in any of its spellings")
    func spellings() throws {
        for text in ["nofile", "NOFILE", "RLIMIT_NOFILE", "rlimit_nofile"] {
            #expect(try ResourceLimitNames.number(text) == 7)
        }
    }

    @Test("numbers are those of the kernel")
    func numbers() throws {
        // asm-generic/resource.h
        let numbers: [(String, Int32)] = [
            ("cpu", 0), ("stack", 3), ("core", 4), ("nproc", 6), ("memlock", 8), ("as", 9), ("rttime", 15),
        ]
        for (name, number) in numbers { #expect(try ResourceLimitNames.number(name) == number) }
    }

    @Test(
        "another word is refused, and those that are known are named",
        arguments: ["", "files", "RLIMIT_", "rlimit_rlimit_core", "7"])
    func refuses(text: String) {
        let error = #expect(throws: CFSError.self) { try ResourceLimitNames.number(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.hint?.contains("nofile") == true)
    }
}
