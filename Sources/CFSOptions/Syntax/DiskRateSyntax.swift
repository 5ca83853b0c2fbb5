import CFSCore

/// Reads `--device-read-bps` and its like: `/dev/sda:10mb`, `/dev/sda:1000`, `/srv:-1`.
package enum DiskRateSyntax {
    package enum Unit {
        case bytes
        case operations
    }

    /// The rate of a disk, a second; 0 is no limit, which is written as -1.
    ///
    /// - Throws: `.invalidArgument` for what is no disk, naming those that are.
    package static func rate(
        _ text: String, _ flag: String, _ unit: Unit, _ caller: Caller, _ host: HostFacts
    ) throws(CFSError) -> RuntimeSpec.ThrottleDevice {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
            let rate = number(String(text[text.index(after: colon)...]), unit)
        else {
            let form = unit == .bytes ? "bytes a second: /dev/sda:10mb" : "operations a second: /dev/sda:1000"
            throw LimitSyntax.wrong(flag, text, "write a disk and \(form), or -1 for no limit")
        }
        let device = try disk(String(text[..<colon]), flag, caller, host)
        return RuntimeSpec.ThrottleDevice(major: Int64(device.major), minor: Int64(device.minor), rate: rate)
    }

    private static func number(_ text: String, _ unit: Unit) -> UInt64? {
        if text == "-1" { return 0 }
        switch unit {
        case .operations:
            guard let number = LimitSyntax.digits(text), number > 0 else { return nil }
            return UInt64(number)
        case .bytes:
            do throws(CFSError) {
                let size = try ByteCount(text)
                return size.bytes > 0 ? size.bytes : nil
            } catch {
                return nil
            }
        }
    }

    private static func disk(
        _ path: String, _ flag: String, _ caller: Caller, _ host: HostFacts
    ) throws(CFSError) -> DeviceNumber {
        do throws(CFSError) {
            return try host.disk(try caller.absolute(path))
        } catch {
            var named = error
            named.message = "\(flag): \(error.message)"
            let disks = host.disks()
            named.hint =
                disks.isEmpty ? "this machine has no disk" : "disks of this machine: \(disks.text(separator: ", "))"
            throw named
        }
    }
}
