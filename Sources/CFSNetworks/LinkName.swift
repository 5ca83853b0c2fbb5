import CFSModel

/// Names of network devices, as the kernel takes them (`dev_valid_name`).
package enum LinkName {
    /// In bytes (IFNAMSIZ less the terminating zero).
    package static let longest = 15

    /// Whether a device can have the name.
    ///
    /// - Parameter isTemplate: whether one `%d` may stand for a number. In other names there is no `%`: the kernel
    ///   reads it as a template everywhere.
    package static func isValid(_ text: String, isTemplate: Bool = false) -> Bool {
        let bytes = Array(text.utf8)
        // The kernel takes 0xa0 for a space, whatever character it is a part of. It allows control characters; we not.
        let isPlain = bytes.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != 0xa0 && $0 != 0x2f && $0 != 0x3a }
        guard isPlain, (1...longest).contains(bytes.count), text != ".", text != ".." else { return false }
        let parts = text.split(separator: "%", omittingEmptySubsequences: false)
        return parts.count == 1 || isTemplate && parts.count == 2 && parts[1].utf8.first == 0x64
    }

    /// - Throws: `invalidArgument`, which says what a name is.
    static func check(_ text: String) throws(CFSError) {
        if isValid(text) { return }
        throw CFSError(
            .invalidArgument, .preparing, "\"\(text)\" cannot be the name of a network device",
            hint: "one to \(longest) bytes without space, slash, colon and percent sign")
    }
}

/// Hardware addresses of Ethernet.
enum HardwareAddress {
    /// - Throws: `invalidArgument` unless it is six bytes that one device can have.
    static func check(_ bytes: [UInt8]?) throws(CFSError) {
        guard let bytes else { return }
        if bytes.count == 6, bytes[0] & 1 == 0, bytes.contains(where: { $0 != 0 }) { return }
        throw CFSError(
            .invalidArgument, .preparing, "\(text(bytes)) cannot be the hardware address of a network device",
            hint: "six bytes, the first of them even, not all zero")
    }

    private static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.text(separator: ":")
    }
}
