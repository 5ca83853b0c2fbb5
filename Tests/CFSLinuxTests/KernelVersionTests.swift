import CFSLinux
import Testing

@Suite("Versions of the kernel")
struct KernelVersionTests {
    @Test(
        "the first two numbers of a release count",
        arguments: [
            ("4.8", 4, 8), ("6.1.0-28-amd64", 6, 1), ("6.18-rc1", 6, 18), ("5.10.0+", 5, 10),
        ])
    func reads(text: String, major: Int, minor: Int) {
        #expect(KernelVersion(text) == KernelVersion(major: major, minor: minor))
    }

    @Test("what does not begin so is no version", arguments: ["", "4", "4.", ".8", "v4.8", "4.x", "-4.8", "4.-8"])
    func refuses(text: String) {
        #expect(KernelVersion(text) == nil)
    }

    @Test("versions are ordered as numbers, not as text")
    func order() {
        #expect(KernelVersion(major: 4, minor: 8) < KernelVersion(major: 4, minor: 19))
        #expect(KernelVersion(major: 5, minor: 19) < KernelVersion(major: 6, minor: 0))
    }

    @Test("the running kernel is one that has pidfds")
    func running() throws {
        #expect(try KernelVersion.running() >= KernelVersion(major: 5, minor: 3))
    }
}
