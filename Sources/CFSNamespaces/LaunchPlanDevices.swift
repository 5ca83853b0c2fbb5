import CFSModel
import Glibc

extension LaunchPlan {
    /// The nodes of `/dev`: those that every container has, and those of the configuration.
    func deviceNodes(_ devices: [RuntimeSpec.Device]) throws(CFSError) -> [DeviceNode] {
        var nodes = DeviceNode.standard
        for device in devices {
            nodes.removeAll { "/dev/\($0.name)" == device.path }
            nodes.append(try DeviceNode(device))
        }
        return nodes
    }
}

extension DeviceNode {
    /// mknod(2) drops what does not fit into its arguments, so that is refused here.
    init(_ device: RuntimeSpec.Device) throws(CFSError) {
        func refusal(_ what: String) -> CFSError {
            CFSError(.invalidConfiguration, .parsing, "the device \(device.path) \(what)", path: device.path)
        }
        guard device.path.hasPrefix("/dev/"), !device.path.split(separator: "/").contains(".."),
            ["c", "u", "b"].contains(device.type)
        else { throw refusal("must be a character or block device below /dev") }
        // The kernel's numbers have 12 and 20 bits (MINORBITS of linux/kdev_t.h).
        guard device.major < 1 << 12, device.minor < 1 << 20 else {
            throw refusal("has a number that no device can have: \(device.major):\(device.minor)")
        }
        let isBlock = device.type == "b"
        self.init(
            name: String(device.path.dropFirst(5)), isBlock: isBlock, major: device.major, minor: device.minor)
        guard let given = device.fileMode else { return }
        // Some write down the whole st_mode of stat(2), with the type of the file: it must be that of the device.
        let type = given & ~0o7777
        guard type == 0 || type == (isBlock ? S_IFBLK : S_IFCHR) else {
            throw refusal("has the fileMode 0\(String(given, radix: 8)): permission bits end at 07777")
        }
        mode = given & 0o7777
    }
}
