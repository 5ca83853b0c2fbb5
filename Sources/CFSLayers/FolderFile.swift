import CFSLinux
import CFSModel
import Glibc

/// The content of one file of a folder: its areas with data, one after the other.
final class FolderFile: ByteSource {
    private let file: SharedFD
    var descriptor: Int32 { file.raw }
    private let name: ArchiveName
    private let fillsUp: Bool
    private var areas: [SparseSegment]
    private var index = 0

    /// - Parameter fillsUp: whether zeros stand for what the file has lost since it was described.
    init(_ file: SharedFD, _ areas: [SparseSegment], _ name: ArchiveName, fillsUp: Bool = false) {
        self.fillsUp = fillsUp
        self.file = file
        self.areas = areas
        self.name = name
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        while index < areas.count, areas[index].length == 0 { index += 1 }
        guard index < areas.count, !buffer.isEmpty else { return 0 }
        let wanted = Int(min(UInt64(buffer.count), areas[index].length))
        while true {
            let result = pread(file.raw, buffer.baseAddress, wanted, off_t(areas[index].offset))
            if result < 0 && errno == EINTR { continue }
            var count = try checked(result >= 0 ? result : -Int(errno), "pread", .importing, path: name.printable)
            if count == 0 && fillsUp {
                UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]).initializeMemory(
                    as: UInt8.self, repeating: 0)
                count = wanted
            }
            areas[index].offset += UInt64(count)
            areas[index].length -= UInt64(count)
            return count
        }
    }

    /// The areas with data (lseek(2), SEEK_DATA and SEEK_HOLE); nil when the file system does not tell, or there are more
    /// than an archive may have: then the file is read as if it had no holes.
    ///
    /// - Parameter isHostile: whether so many are an error: a few areas more, and a file could seem to have exabytes to read.
    static func areas(
        _ file: Int32, size: UInt64, _ limits: ArchiveLimits, _ name: ArchiveName, isHostile: Bool
    ) throws(CFSError) -> [SparseSegment]? {
        let data: Int32 = 3
        let hole: Int32 = 4
        var areas: [SparseSegment] = []
        var position: off_t = 0
        while UInt64(position) < size {
            let start = lseek(file, position, data)
            if start < 0 {
                // No data up to the end.
                if errno == ENXIO { break }
                return nil
            }
            let end = lseek(file, start, hole)
            if end < 0 { return nil }
            if UInt64(start) >= size { break }
            let limit = min(UInt64(end), size)
            areas.append(SparseSegment(offset: UInt64(start), length: limit - UInt64(start)))
            // One is left for the mark of the end.
            guard areas.count < limits.sparseSegments else {
                guard isHostile else { return nil }
                throw CFSError(
                    .limitExceeded, .looking,
                    "\"\(name.printable)\" is a sparse file with more than \(limits.sparseSegments) areas",
                    path: name.printable)
            }
            position = end
        }
        return areas
    }
}
