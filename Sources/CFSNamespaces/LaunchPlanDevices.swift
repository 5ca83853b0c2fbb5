import CFSLinux
import CFSModel
import CLinux
import Glibc

extension LaunchPlan {
    /// What of a bundle's devices does not lie in a file system that is made for `/dev`. What the host has there, or what
    /// somebody mounts there, is taken as it is.
    mutating func planLooseDevices(_ devices: [RuntimeSpec.Device]) throws(CFSError) {
        let devices = Self.withoutPtmx(devices)
        let inDev = devices.filter { $0.path.hasPrefix("/dev/") }
        var loose = devices.filter { !$0.path.hasPrefix("/dev/") }
        let place = mounts.last { RootPath.isSame($0.target, "/dev") }
        if place == nil {
            linksDevices = true
            loose += inDev
            for node in DeviceNode.standard where !inDev.contains(where: { $0.path == "/dev/\(node.name)" }) {
                looseDevices.append(LooseDevice(path: "/dev/\(node.name)", node: node))
            }
        }
        for device in loose {
            let node = try DeviceNode(device, name: "\(looseDevices.count)")
            looseDevices.append(LooseDevice(path: device.path, node: node))
        }
    }

    /// The nodes of `/dev`: those that every container has, and those of the configuration.
    func deviceNodes(_ devices: [RuntimeSpec.Device]) throws(CFSError) -> [DeviceNode] {
        var nodes = DeviceNode.standard
        for device in Self.withoutPtmx(devices) {
            nodes.removeAll { "/dev/\($0.name)" == device.path }
            nodes.append(try DeviceNode(device))
        }
        return nodes
    }

    /// `/dev/ptmx` leads to the container's own terminals whatever it is asked to be (runtime-spec, config-linux.md, Default
    /// Devices). It is among those of callers that hand on every device of the host.
    private static func withoutPtmx(_ devices: [RuntimeSpec.Device]) -> [RuntimeSpec.Device] {
        devices.filter { !RootPath.isSame($0.path, "/dev/ptmx") }
    }
}

extension DeviceNode {
    /// mknod(2) drops what does not fit into its arguments, so that is refused here.
    init(_ device: RuntimeSpec.Device) throws(CFSError) {
        func refusal(_ what: String) -> CFSError {
            CFSError(.invalidConfiguration, .parsing, "the device \(device.path) \(what)", path: device.path)
        }
        guard device.path.hasPrefix("/dev/"), ["c", "u", "b", "p"].contains(device.type) else {
            throw refusal("must be a character or block device below /dev")
        }
        try self.init(device, name: String(device.path.dropFirst(5)))
    }

    /// - Parameter name: of the node, below the folder that it is made in.
    init(_ device: RuntimeSpec.Device, name: String) throws(CFSError) {
        func refusal(_ what: String) -> CFSError {
            CFSError(.invalidConfiguration, .parsing, "the device \(device.path) \(what)", path: device.path)
        }
        guard !device.path.pathNames.contains("..") else { throw refusal("has a path with \"..\"") }
        // The kernel's numbers have 12 and 20 bits (MINORBITS of linux/kdev_t.h).
        guard device.major < 1 << 12, device.minor < 1 << 20 else {
            throw refusal("has a number that no device can have: \(device.major):\(device.minor)")
        }
        let isBlock = device.type == "b"
        self.init(name: name, isBlock: isBlock, major: device.major, minor: device.minor)
        isPipe = device.type == "p"
        (uid, gid) = (device.uid ?? 0, device.gid ?? 0)
        guard let given = device.fileMode else { return }
        // Some write down the whole st_mode of stat(2), with the type of the file: it must be that of the device.
        let type = given & ~0o7777
        guard type == 0 || type == self.type else {
            throw refusal("has the fileMode 0\(String(given, radix: 8)): permission bits end at 07777")
        }
        mode = given & 0o7777
    }

    /// The type of the file, as stat(2) has it.
    var type: UInt32 { isPipe ? S_IFIFO : isBlock ? S_IFBLK : S_IFCHR }

    /// Whether a file is this device already.
    func isSame(as file: cfs_stat) -> Bool {
        file.mode & S_IFMT == type && (isPipe || (file.rdev_major, file.rdev_minor) == (major, minor))
    }

    /// The device's numbers as mknod(2) takes them.
    private var number: UInt { isPipe ? 0 : UInt(bitPattern: cfs_makedev(major, minor)) }

    /// Makes the node in a folder of ours that is not mapped yet.
    func make(at folder: Int32) throws(CFSError) {
        try checked(
            mknodat(folder, name, type | mode, number) == 0 ? 0 : -Int(errno), "mknodat", .mounting,
            path: "/dev/\(name)")
        guard uid != 0 || gid != 0 else { return }
        let given = fchownat(folder, name, uid, gid, Int32(CFS_AT_SYMLINK_NOFOLLOW))
        try checked(given == 0 ? 0 : -Int(errno), "fchownat", .mounting, path: "/dev/\(name)")
    }
}
