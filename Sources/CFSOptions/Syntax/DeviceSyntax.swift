import CFSCore
import CFSLinux

/// Reads `--device`: `/dev/fuse`, `/dev/sda:/dev/disk:r`, `/dev/fuse:rw`.
package enum DeviceSyntax {
    package static func device(_ text: String) throws(CFSError) -> DeviceRequest {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let source = parts.first, (1...3).contains(parts.count), source.isAbsolutePath else { throw wrong(text) }
        var target = source
        var access = "rwm"
        switch parts.count {
        case 2 where isAccess(parts[1]): access = parts[1]
        case 2: target = parts[1]
        case 3: (target, access) = (parts[1], parts[2])
        default: break
        }
        guard target.isAbsolutePath else { throw wrong(text) }
        guard isAccess(access) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(access)\" is not an access to a device",
                hint: "use letters of rwm: read, write, make the node")
        }
        return DeviceRequest(source: source, target: target, access: access)
    }

    private static func isAccess(_ text: String) -> Bool {
        !text.isEmpty && Set(text).count == text.count && text.allSatisfy { "rwm".contains($0) }
    }

    private static func wrong(_ text: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "\"\(text)\" is not a device",
            hint: "write /dev/fuse or /dev/source:/dev/target:rwm")
    }
}
