import CFSLayers
import CFSModel

/// Which files of a bootable image hold the system that it boots.
enum InitramfsChoice {
    /// The files to unpack, from the lowest layer to the topmost; empty when there is none.
    ///
    /// SliTaz boots several, `rootfs4.gz` first and `rootfs1.gz` last, the later over the earlier. Others have one.
    static func choose(
        _ items: [ISOReader.Item], isInitramfs: (String) throws(CFSError) -> Bool
    ) throws(CFSError) -> [String] {
        let files = items.filter { !$0.isDirectory && $0.size > 0 }
        var stacked: [(number: Int, path: String)] = []
        for file in files {
            guard let number = rootfsNumber(file.path), try isInitramfs(file.path) else { continue }
            stacked.append((number, file.path))
        }
        if !stacked.isEmpty { return stacked.sorted { ($0.number, $0.path) > ($1.number, $1.path) }.map(\.path) }
        let candidates = files.filter { mayBeInitramfs($0.path) }.sorted { left, right in
            let (a, b) = (isUsual(left.path), isUsual(right.path))
            if a != b { return a }
            return left.size != right.size ? left.size > right.size : left.path < right.path
        }
        for file in candidates where try isInitramfs(file.path) { return [file.path] }
        return []
    }

    private static func name(_ path: String) -> String {
        let last = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        // Images without Rock Ridge names have a version at the end (ECMA-119, 7.5.1).
        return last.split(separator: ";").first.map(String.init) ?? last
    }

    /// The number of a `rootfsN.gz`, 0 without one; nil for another name.
    private static func rootfsNumber(_ path: String) -> Int? {
        let name = name(path)
        guard name.hasPrefix("rootfs"), let dot = name.firstIndex(of: "."), isCompressedName(name) else { return nil }
        let digits = name[name.index(name.startIndex, offsetBy: "rootfs".count)..<dot]
        return digits.isEmpty ? 0 : Int(digits)
    }

    private static func isUsual(_ path: String) -> Bool { ["core.gz", "corepure64.gz"].contains(name(path)) }

    private static func isCompressedName(_ name: String) -> Bool {
        [".gz", ".lz", ".lzma", ".xz", ".zst", ".cpio", ".img"].contains { name.hasSuffix($0) }
    }

    private static func mayBeInitramfs(_ path: String) -> Bool {
        let name = name(path)
        return isCompressedName(name) || name.hasPrefix("initrd") || name.hasPrefix("initramfs")
    }
}
