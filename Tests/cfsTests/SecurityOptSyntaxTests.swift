import CFSCore
import OptionsSupport
import TestSupport
import Testing

@testable import CFSOptions
@testable import cfs

@Suite("Security options, networks and the command of an image")
struct SecurityOptSyntaxTests {
    @Test(
        "what is known",
        arguments: [
            ("seccomp=unconfined", .seccomp(.unconfined)), ("seccomp:unconfined", .seccomp(.unconfined)),
            ("seccomp=default", .seccomp(.default)), ("no-new-privileges", .noNewPrivileges(true)),
            ("no-new-privileges=false", .noNewPrivileges(false)), ("no-new-privileges:true", .noNewPrivileges(true)),
        ] as [(String, SecurityOptSyntax.Choice)])
    func known(text: String, choice: SecurityOptSyntax.Choice) throws {
        #expect(try SecurityOptSyntax.option(text, .sample) == choice)
    }

    @Test("a profile is read from its file")
    func profile() throws {
        let folder = TemporaryDirectory()
        folder.write("{\"defaultAction\": \"SCMP_ACT_ALLOW\"}", to: "profile.json")
        let caller = Caller(variable: { _ in nil }, directory: folder.path)
        #expect(
            try SecurityOptSyntax.option("seccomp=profile.json", caller)
                == .seccomp(.profile("{\"defaultAction\": \"SCMP_ACT_ALLOW\"}")))
        let missing = failure { () throws(CFSError) in try SecurityOptSyntax.option("seccomp=none.json", caller) }
        #expect(missing?.message == "--security-opt seccomp: cannot read \(folder("none.json"))")
    }

    @Test(
        "what is not enforced is an error",
        arguments: ["apparmor=x", "label=disable", "no-new-privileges=maybe", "seccomp="])
    func unknown(text: String) {
        #expect(
            failure { () throws(CFSError) in try SecurityOptSyntax.option(text, .sample) }?.code == .invalidArgument)
    }

    @Test("a slip gets the nearest name")
    func nearest() {
        let error = failure { () throws(CFSError) in try SecurityOptSyntax.option("secomp=unconfined", .sample) }
        #expect(error?.hint == "did you mean seccomp?")
    }

    @Test("a kernel parameter has a name and a value")
    func sysctls() throws {
        let (name, value) = try SysctlSyntax.setting("kernel.sem=1 2=3")
        #expect(name == "kernel.sem" && value == "1 2=3")
    }

    @Test("the command of an image is words, or a JSON array")
    func commands() throws {
        #expect(try CommandSyntax.words(" /bin/sh  -l ") == ["/bin/sh", "-l"])
        #expect(try CommandSyntax.words("[\"/bin/sh\", \"-c\", \"a b\"]") == ["/bin/sh", "-c", "a b"])
        for wrong in ["", " ", "[]", "[1]", "[\"\"]", "[\"a\""] {
            #expect(
                failure { () throws(CFSError) in try CommandSyntax.words(wrong) }?.code == .invalidArgument, "\(wrong)")
        }
    }
}
