import CFSCore
import OptionsSupport
import Testing

@testable import cfs

@Suite("Writing an image to standard output")
struct ImageExportTests {
    @Test("a terminal gets no archive")
    func terminal() {
        let error = failure { () throws(CFSError) in try ImageExportCommand.checkStandardOutput(isTerminal: true) }
        #expect(error?.message == "standard output is a terminal, and an image is no text")
        #expect(error?.hint?.contains("-o image.tar") == true)
    }

    @Test("a pipe or file does")
    func pipe() throws { try ImageExportCommand.checkStandardOutput(isTerminal: false) }
}
