import Glibc

/// Descriptors 0, 1 and 2.
public enum StandardDescriptors {
    /// Puts something in the place of those that the caller has closed (`<&-` in a shell). Otherwise the next file that is
    /// opened, a lock or a database, would be taken for standard output. What is read ends at once; what is written fails
    /// with EBADF, as on the closed descriptor: a folder takes nothing, while `/dev/null` is an output that is wanted.
    public static func fill() {
        for number in Int32(0)...2 where fcntl(number, F_GETFD) == -1 {
            // The lowest free number is this one: those below are open.
            _ = Glibc.open(number == 0 ? "/dev/null" : "/", O_RDONLY)
        }
    }
}
