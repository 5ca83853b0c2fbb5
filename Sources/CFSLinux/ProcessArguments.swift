import CFSModel
import CLinux

/// The arguments of this process, as they were before Swift's runtime started: that reads them from `/proc`, which a
/// static executable may have to do without.
public enum ProcessArguments {
    /// Without the program's own name.
    public static var words: [String] {
        var words: [String] = []
        var index: Int32 = 1
        while let word = cfs_argument(index) {
            words.append(String(cString: word))
            index += 1
        }
        return words
    }

    /// Throws for a word whose bytes are no UTF-8: it would run as another one than was written.
    public static func checkText() throws(CFSError) {
        var index: Int32 = 1
        while let word = cfs_argument(index) {
            if String(validatingCString: word) == nil {
                throw CFSError(
                    .invalidArgument, .parsing, "the word \"\(String(cString: word))\" is not UTF-8",
                    hint: "commands, names and variables are text; have a script in the container make other bytes")
            }
            index += 1
        }
    }
}
