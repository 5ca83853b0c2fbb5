import CFSCore
import OptionsSupport
import Testing

@testable import cfs

@Suite("Importing from standard input")
struct ImageImportTests {
    @Test("a terminal has no archive")
    func terminal() {
        let error = failure { () throws(CFSError) in try ImageImportCommand.checkStandardInput(isTerminal: true) }
        #expect(error?.message == "standard input is a terminal, and an archive is no text")
        #expect(error?.hint == "send one there: cfs image import NAME - < image.tar")
    }

    @Test("a pipe or file has")
    func pipe() throws { try ImageImportCommand.checkStandardInput(isTerminal: false) }
}
