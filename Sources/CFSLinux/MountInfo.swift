/// One mount, as `/proc/PID/mountinfo` tells it (proc_pid_mountinfo(5)).
public struct MountInfo: Sendable, Hashable {
    /// From the root of the process that was asked.
    public var mountPoint: String
    /// Of the mount itself: `ro`, `nosuid`.
    public var options: [String]
    /// Of the file system: `cgroup2`.
    public var type: String
    /// What the file system was mounted from; it may be anything, `-` and nothing too.
    public var source: String
    /// Of the file system: for `cgroup` they are its controllers.
    public var superOptions: [String]

    /// Reads `36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda rw`. A space within a field stands there as `\040`, so a
    /// space ends one, and two that follow each other have an empty field between them.
    ///
    /// - Returns: nil for anything else.
    public init?(line: Substring) {
        let fields = line.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        // Tags such as `shared:1` follow the sixth field, as many as there are; the first dash ends them. Later ones are words of
        // whoever mounted.
        guard fields.count > 9, let dash = fields[6...].firstIndex(where: { $0.elementsEqual([0x2d]) }),
            dash + 3 < fields.count
        else { return nil }
        mountPoint = Self.plain(fields[4])
        options = Self.words(fields[5])
        type = Self.plain(fields[dash + 1])
        source = Self.plain(fields[dash + 2])
        superOptions = Self.words(fields[dash + 3])
    }

    /// All mounts of a whole file, in its order; of several at one place the last hides the others.
    public static func all(in text: String) -> [MountInfo] {
        text.utf8.split(separator: 0x0a).compactMap { MountInfo(line: Substring($0)) }
    }

    private static func words(_ field: Substring.UTF8View) -> [String] {
        field.split(separator: 0x2c).map { plain($0) }
    }

    /// Without the kernel's escapes (seq_escape): a backslash and three octal digits are one byte.
    private static func plain(_ field: Substring.UTF8View) -> String {
        guard field.contains(0x5c) else { return String(Substring(field)) }
        var bytes: [UInt8] = []
        var rest = field[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == 0x5c, digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
                bytes.append(digits.reduce(0) { $0 << 3 | ($1 - 0x30) })
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
