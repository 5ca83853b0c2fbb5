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
}
