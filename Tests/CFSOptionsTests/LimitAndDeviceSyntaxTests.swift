import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("Limits and devices")
struct LimitAndDeviceSyntaxTests {
    @Test(
        "a limit has a soft and a hard value",
        arguments: [
            ("nofile=1024", "nofile", 1024, 1024), ("NOFILE=10:20", "nofile", 10, 20), ("core=-1", "core", nil, nil),
            ("memlock=5:unlimited", "memlock", 5, nil), ("cpu=0", "cpu", 0, 0),
        ] as [(String, String, UInt64?, UInt64?)])
    func limit(text: String, name: String, soft: UInt64?, hard: UInt64?) throws {
        #expect(try UlimitSyntax.limit(text) == ResourceLimit(name: name, soft: soft, hard: hard))
    }

    @Test(
        "a wrong limit is named",
        arguments: [
            ("nofile=10:5", "the soft limit of nofile is above its hard limit: nofile=10:5"),
            ("nofile=unlimited:5", "the soft limit of nofile is above its hard limit: nofile=unlimited:5"),
            ("nofile", "\"nofile\" is not a limit"), ("nofile=", "\"nofile=\" is not a limit"),
            ("nofile=1:2:3", "\"nofile=1:2:3\" is not a limit"), ("nofile=+1", "\"nofile=+1\" is not a limit"),
            ("nofile=-2", "\"nofile=-2\" is not a limit"), ("files=1", "unknown limit \"files\""),
        ])
    func wrongLimit(text: String, message: String) {
        #expect(failure { () throws(CFSError) in try UlimitSyntax.limit(text) }?.message == message)
    }

    @Test(
        "a device has a source, a target and an access",
        arguments: [
            ("/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm"), ("/dev/fuse:rw", "/dev/fuse", "/dev/fuse", "rw"),
            ("/dev/sda:/dev/disk", "/dev/sda", "/dev/disk", "rwm"),
            ("/dev/sda:/dev/disk:r", "/dev/sda", "/dev/disk", "r"),
        ])
    func device(text: String, source: String, target: String, access: String) throws {
        #expect(try DeviceSyntax.device(text) == DeviceRequest(source: source, target: target, access: access))
    }

    @Test(
        "a wrong device is named",
        arguments: [
            ("fuse", "\"fuse\" is not a device"), ("/dev/a:b", "\"/dev/a:b\" is not a device"),
            ("/dev/a:/dev/b:x", "\"x\" is not an access to a device"),
            ("/dev/a:/dev/b:rr", "\"rr\" is not an access to a device"),
            ("/dev/a:/dev/b:r:w", "\"/dev/a:/dev/b:r:w\" is not a device"),
        ])
    func wrongDevice(text: String, message: String) {
        #expect(failure { () throws(CFSError) in try DeviceSyntax.device(text) }?.message == message)
    }
}
