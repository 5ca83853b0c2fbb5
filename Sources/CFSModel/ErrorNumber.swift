#if canImport(Glibc)
import Glibc
#endif

/// Texts for the kernel's error numbers (errno(3)).
public enum ErrorNumber {
    /// The text of an error number, as strerror(3) gives it.
    public static func text(_ number: Int32) -> String {
        guard let pointer = strerror(number) else { return "error \(number)" }
        return String(cString: pointer)
    }
}
