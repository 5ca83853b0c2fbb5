import CFSLinux
import CFSModel

/// A device of the host, by its path.
enum HostDevice {
    static func describe(_ request: DeviceRequest) throws(CFSError) -> RuntimeSpec.Device {
        guard let status = File.statusIfThere(request.source, followLinks: true) else {
            throw CFSError(
                .invalidArgument, .preparing, "there is no device \(request.source)", path: request.source,
                hint: "see ls /dev")
        }
        guard status.isCharacterDevice || status.isBlockDevice else {
            throw CFSError(
                .invalidArgument, .preparing, "\(request.source) is not a device", path: request.source,
                hint: "files and folders are given with --volume")
        }
        guard !request.access.isEmpty, request.access.allSatisfy({ "rwm".contains($0) }) else {
            throw CFSError(
                .invalidArgument, .parsing, "the access \"\(request.access)\" of a device is not some of r, w and m",
                hint: "use rw: the container gets the device for reading and writing")
        }
        return RuntimeSpec.Device(
            type: status.isBlockDevice ? "b" : "c", path: request.target, major: status.rdev_major,
            minor: status.rdev_minor,
            // As on the host: what only its owner may open there, only the container's root, to whom the node belongs, may.
            fileMode: status.mode & 0o777)
    }
}
