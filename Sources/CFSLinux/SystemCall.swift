import CFSModel
import CLinux

/// The one place where what the kernel returned becomes an error.
///
/// - Parameters:
///   - result: a value of zero or more, or minus the error number (the convention of `CLinux`).
///   - systemCall: the name of the manual page.
/// - Returns: `result`, when it is no error.
@discardableResult
@inlinable
public func checked(
    _ result: Int, _ systemCall: StaticString, _ phase: CFSError.Phase, path: @autoclosure () -> String? = nil
) throws(CFSError) -> Int {
    if result >= 0 { return result }
    throw CFSError(kernel: Int32(-result), "\(systemCall)", phase, path: path())
}

extension CFSError {
    /// The error for a failed system call: the code follows from the error number.
    public init(kernel errno: Int32, _ systemCall: String, _ phase: Phase, path: String? = nil) {
        let code: Code =
            switch errno {
            case 1, 13: .notPermitted  // EPERM, EACCES
            case 28, 122: .noSpace  // ENOSPC, EDQUOT
            case 38: .kernelUnsupported  // ENOSYS
            default: .systemCallFailed
            }
        let what = path.map { "\(systemCall) of \($0) failed" } ?? "\(systemCall) failed"
        self.init(code, phase, what, systemCall: systemCall, path: path, errno: errno)
    }
}

/// A raw system call by number: what the kernel returns, a value or minus the error number.
@inline(__always)
public func rawCall(
    _ number: Int, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0, _ f: Int = 0
) -> Int {
    cfs_syscall(number, a, b, c, d, e, f)
}

/// The address of a C string or buffer as a system call argument.
@inline(__always)
public func address(_ pointer: UnsafeRawPointer?) -> Int { Int(bitPattern: pointer) }

/// Error numbers that code compares with (errno(3), x86-64 and arm64 Linux).
public enum ErrorCode {
    public static let notPermitted = 1, notFound = 2, interrupted = 4, noDevice = 6, again = 11, access = 13
    public static let busy = 16, exists = 17, crossDevice = 18, notDirectory = 20, isDirectory = 21, invalid = 22
    public static let noSpace = 28, readOnly = 30, brokenPipe = 32, nameTooLong = 36, noSystemCall = 38
    public static let notEmpty = 39, loop = 40, noData = 61, notSupported = 95, noProcess = 3, execFormat = 8
}
