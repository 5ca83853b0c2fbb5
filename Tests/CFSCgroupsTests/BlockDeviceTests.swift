import CFSCgroups
import CFSModel
import TestSupport
import Testing

@Suite("Disks by path")
struct BlockDeviceTests {
    @Test(
        "what has no disk is refused by its name",
        arguments: [
            ("/dev/null", "/dev/null is not a block device"), ("/nowhere/x", "there is no device /nowhere/x"),
            ("/proc/self", "/proc/self lies on a file system without a block device"),
        ])
    func refusal(path: String, message: String) {
        let error = #expect(throws: CFSError.self) { try DeviceNumber.disk(of: path) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message == message)
    }

    @Test(
        "numbers are those of the kernel: 12 and 20 bits",
        arguments: [
            (8, 0, "8:0"), (4095, 1_048_575, "4095:1048575"), (4096, 0, nil), (0, 1_048_576, nil), (-1, 0, nil),
        ]
            as [(Int64, Int64, String?)])
    func numbers(major: Int64, minor: Int64, text: String?) {
        #expect(DeviceNumber(major: major, minor: minor)?.description == text)
    }
}
