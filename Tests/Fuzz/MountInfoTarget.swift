import CFSLinux
import TestSupport

@testable import CFSCgroups

/// `mountinfo`. As text whatever it is is read or passed over; and fields out of the input, written as the kernel writes them, come
/// back as they were.
enum MountInfoTarget {
    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let mounts = MountInfo.all(in: text)
        demand(mounts.count <= bytes.split(separator: 0x0a).count, "more mounts than lines")
        let availability = ControllerAvailability(mountInfo: text, table: text)
        for controller in CgroupController.allCases { _ = availability.reason(controller) }

        var choices = Choices(bytes)
        var lines = ""
        var written: [(point: String, options: [String], type: String, source: String, more: [String])] = []
        while !choices.isEmpty, written.count < 4 {
            let tags = ["", "shared:1 ", "shared:1 master:2 ", "unbindable "][choices.number(below: 4)]
            let mount = (
                point: "/" + field(&choices), options: words(&choices), type: field(&choices), source: field(&choices),
                more: words(&choices)
            )
            written.append(mount)
            lines +=
                "36 35 98:0 /\(escaped(field(&choices))) \(escaped(mount.point)) \(list(mount.options)) \(tags)- "
                + "\(escaped(mount.type)) \(escaped(mount.source)) \(list(mount.more))\n"
        }
        let read = MountInfo.all(in: lines)
        demand(read.count == written.count, "\(written.count) mounts became \(read.count):\n\(lines)")
        for (mount, said) in zip(read, written) {
            demand(
                same(mount.mountPoint, said.point) && same(mount.type, said.type) && same(mount.source, said.source)
                    && same(mount.options, said.options) && same(mount.superOptions, said.more),
                "\(said) became \(mount):\n\(lines)")
        }
    }

    /// Swift calls texts equal that are not the same bytes.
    private static func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
    private static func same(_ left: [String], _ right: [String]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { same($0, $1) }
    }

    private static func field(_ choices: inout Choices) -> String { String(decoding: choices.text(), as: UTF8.self) }

    private static func words(_ choices: inout Choices) -> [String] {
        (0..<choices.number(below: 3)).map { _ in field(&choices).split(separator: ",").joined() }
            .filter { !$0.utf8.contains(0x2c) && !$0.isEmpty }
    }

    private static func list(_ words: [String]) -> String { words.map(escaped).joined(separator: ",") }

    /// mangle() of fs/proc_namespace.c: these and no others.
    private static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if Array(" \t\n\\#".utf8).contains(byte) {
                bytes += [0x5c, 0x30 + (byte >> 6), 0x30 + (byte >> 3 & 7), 0x30 + (byte & 7)]
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static let seeds: [[UInt8]] =
        [
            """
            31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
            33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
            40 31 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 - rw,nsdelegate
            41 31 0:38 / /a\\040b rw - tmpfs  rw
            #subsys_name\thierarchy\tnum_cgroups\tenabled
            cpu\t1\t1\t1
            hugetlb\t0\t3\t1
            """,
            "\u{0}a b\u{0}\u{1}rw\u{0}tmpfs\u{0}-\u{0}\u{2}rw\u{0}mode=755\u{0}\\040\u{0}",
        ].map { Array($0.utf8) } + [Array((textOfFile("/proc/self/mountinfo") ?? "").utf8)]
}
