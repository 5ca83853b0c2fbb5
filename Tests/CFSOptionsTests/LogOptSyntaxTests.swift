import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("What is kept of a container's output")
struct LogOptSyntaxTests {
    @Test("is two files of 64 MiB, unless somebody says otherwise", arguments: [nil, "k8s-file", "json-file"])
    func usual(driver: String?) throws {
        let policy = try LogOptSyntax.policy(driver: driver, options: [])
        #expect(policy == LogPolicy() && policy.isKept && policy.fileSize == 64 << 20 && policy.fileCount == 2)
    }

    @Test("size and number of files")
    func options() throws {
        let asked = try spec("--log-opt", "max-size=10m", "--log-opt=max-file=3", "image").log
        #expect(asked.isKept && asked.fileSize == 10 << 20 && asked.fileCount == 3)
    }

    @Test("nothing at all")
    func none() throws { #expect(try spec("--log-driver", "none", "image").log.isKept == false) }

    @Test(
        "what is not understood is named",
        arguments: [
            ("max-size=x", "\"x\" is not a size"), ("max-size=0", "a log whose files hold nothing is none"),
            ("max-file=0", "--log-opt max-file does not take \"0\""),
            ("max-file=1001", "--log-opt max-file does not take \"1001\""),
            ("max-file=+3", "--log-opt max-file does not take \"+3\""),
            ("max-file=", "--log-opt max-file does not take \"\""),
            ("max-file", "--log-opt does not know \"max-file\""), ("tag=x", "--log-opt does not know \"tag=x\""),
            ("", "--log-opt does not know \"\""),
        ])
    func wrong(option: String, message: String) {
        let error = failure { () throws(CFSError) in try LogOptSyntax.policy(driver: nil, options: [option]) }
        #expect(error?.code == .invalidArgument && error?.message == message && error?.hint != nil)
    }

    @Test("a driver that cfs does not have is an error", arguments: ["journald", "syslog", "", "NONE"])
    func driver(name: String) {
        let error = failure { () throws(CFSError) in try LogOptSyntax.policy(driver: name, options: []) }
        #expect(error?.message == "--log-driver does not know \"\(name)\"")
    }

    @Test("files of no log are a contradiction")
    func contradiction() {
        let error = failure { () throws(CFSError) in
            try LogOptSyntax.policy(driver: "none", options: ["max-file=3"])
        }
        #expect(error?.message.contains("--log-driver none") == true)
    }
}
