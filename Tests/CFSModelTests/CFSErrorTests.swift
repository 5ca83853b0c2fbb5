import CFSModel
import Testing

@Suite("The one error")
struct CFSErrorTests {
    @Test("a line says what failed, and then what the kernel said")
    func description() {
        let error = CFSError(.mountFailed, .mounting, "the mount failed", systemCall: "move_mount", errno: 2)
        #expect(error.description == "the mount failed (move_mount: No such file or directory)")
        #expect(CFSError(.mountFailed, .mounting, "the mount failed").description == "the mount failed")
        #expect(
            CFSError(.mountFailed, .mounting, "it failed", errno: 13).description == "it failed (Permission denied)")
    }

    @Test("the exit status tells a missing command from one that cannot run, and both from the engine's own failures")
    func exitStatus() {
        #expect(CFSError(.commandNotFound, .starting, "x").exitStatus == 127)
        #expect(CFSError(.commandNotExecutable, .starting, "x").exitStatus == 126)
        #expect(CFSError(.imageNotFound, .looking, "x").exitStatus == 125)
        #expect(CFSError(.systemCallFailed, .cloning, "x").exitStatus == 125)
    }

    @Test("a code is found again by its name, and by no other")
    func codes() {
        for code in [
            CFSError.Code.imageNotFound, .digestMismatch, .commandNotFound, .cgroupControllerUnavailable, .conflict,
        ] {
            #expect(CFSError.Code(named: code.description) == code)
        }
        #expect(CFSError.Code.imageNotFound.description == "imageNotFound")
        #expect(CFSError.Code(named: "ImageNotFound") == nil)
        #expect(CFSError.Code(named: "") == nil)
    }

    @Test("a hint is added only where there is none")
    func hinting() {
        let bare = CFSError(.conflict, .running, "x")
        #expect(bare.hinting("do this").hint == "do this")
        #expect(bare.hinting("do this").hinting("or that").hint == "do this")
    }
}
