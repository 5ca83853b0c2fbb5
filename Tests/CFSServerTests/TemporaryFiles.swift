import CFSCore
import CFSLinux
import TestSupport

/// A folder of a test's own with small files.
struct TemporaryFiles {
    let folder = TemporaryDirectory()

    func write(_ name: String, _ text: String) throws -> String {
        try AtomicFile.write(Array(text.utf8), to: folder(name), durable: false)
        return folder(name)
    }
}
