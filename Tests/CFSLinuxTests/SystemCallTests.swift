import CFSLinux
import CFSModel
import Testing

@Suite("What the kernel answers")
struct SystemCallTests {
    @Test("a value passes, an error number becomes an error")
    func checking() throws {
        #expect(try checked(0, "open", .preparing) == 0)
        #expect(try checked(7, "open", .preparing) == 7)
        let error = #expect(throws: CFSError.self) { try checked(-2, "openat", .mounting, path: "/x") }
        #expect(
            error
                == CFSError(
                    .systemCallFailed, .mounting, "openat of /x failed", systemCall: "openat", path: "/x", errno: 2))
    }

    @Test(
        "the code follows from the number",
        arguments: [
            (1, .notPermitted), (13, .notPermitted), (28, .noSpace), (122, .noSpace), (38, .kernelUnsupported),
            (5, .systemCallFailed),
        ] as [(Int32, CFSError.Code)])
    func codes(number: Int32, code: CFSError.Code) {
        #expect(CFSError(kernel: number, "write", .recording).code == code)
    }

    @Test("a raw call gives what the kernel gives")
    func raw() {
        #expect(rawCall(-1) == -38)
    }
}
