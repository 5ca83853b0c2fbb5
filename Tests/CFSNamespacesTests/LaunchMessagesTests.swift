import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("What launcher and child say to each other")
struct LaunchMessagesTests {
    @Test(
        "a message arrives as it was sent",
        arguments: [
            .proceed(uid: 0, gid: 0, groups: [], home: "/"),
            .proceed(uid: 4_294_967_294, gid: 5, groups: [1, 2, 65_535], home: "/home/a:b, c"), .terminal, .listener,
            .heard,
            .failed(
                CFSError(
                    .commandNotFound, .starting, "not found: \"ü\"", systemCall: "execve", path: "/bin/x", errno: 2,
                    hint: "try")),
            .failed(CFSError(.conflict, .mounting, "x")), .failed(CFSError(.systemCallFailed, .cloning, "", errno: 0)),
        ] as [LaunchMessage])
    func roundTrip(message: LaunchMessage) {
        #expect(LaunchMessage(bytes: message.bytes) == message)
    }

    @Test(
        "what is none of them is none",
        arguments: [
            "", "proceed", "proceed\u{0}0\u{0}0\u{0}", "proceed\u{0}-1\u{0}0\u{0}\u{0}/",
            "proceed\u{0}0\u{0}4294967296\u{0}\u{0}/",
            "proceed\u{0}0\u{0}0\u{0}\u{0}/\u{0}x", "terminal\u{0}", "Terminal", "failed",
            "failed\u{0}nonsense\u{0}starting\u{0}x\u{0}\u{0}\u{0}\u{0}",
            "failed\u{0}conflict\u{0}nonsense\u{0}x\u{0}\u{0}\u{0}\u{0}",
        ])
    func refuses(text: String) {
        #expect(LaunchMessage(bytes: Array(text.utf8)) == nil)
    }

    @Test("a message that was cut off never becomes another identity")
    func truncation() {
        let whole = LaunchMessage.proceed(uid: 1000, gid: 1000, groups: [5], home: "/")
        for length in 0..<whole.bytes.count - 1 {
            let cut = LaunchMessage(bytes: Array(whole.bytes[..<length]))
            #expect(cut == nil, "\(length) bytes")
        }
    }
}
