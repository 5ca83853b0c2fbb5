import Glibc

/// Functions of the C library that Swift's Glibc module leaves out, looked up by name.
enum GNUFunctions {
    /// pipe2(2): both ends close on exec from the start, so that no other test's child inherits them.
    static let pipe2 = find("pipe2", as: (@convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32).self)
    /// accept4(2).
    static let accept4 = find(
        "accept4",
        as: (@convention(c) (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?, Int32) -> Int32)
            .self)
    /// pidfd_open(2), close-on-exec.
    static let pidfdOpen = find("pidfd_open", as: (@convention(c) (pid_t, UInt32) -> Int32).self)
    /// posix_spawn_file_actions_addchdir_np(3).
    static let addChangeOfDirectory = find(
        "posix_spawn_file_actions_addchdir_np",
        as: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32).self)

    /// unshare(2).
    static let unshare = find("unshare", as: (@convention(c) (Int32) -> Int32).self)
    /// setxattr(2).
    static let setExtendedAttribute = find(
        "setxattr",
        as: (@convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, Int32) -> Int32).self)

    private static func find<Function>(_ name: String, as type: Function.Type) -> Function {
        guard let symbol = dlsym(nil, name) else { preconditionFailure("the C library has no \(name)") }
        return unsafeBitCast(symbol, to: type)
    }
}
