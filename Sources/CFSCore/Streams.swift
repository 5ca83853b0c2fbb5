import CFSLinux
import CFSModel
import Glibc

/// What a container's standard streams are connected to.
public enum Streams: Sendable, Hashable {
    /// Those of this very process.
    case inherited
    /// Empty input; output goes to the container's log alone.
    case none
    /// Descriptors of this process, which stay the caller's to close.
    case descriptors(input: Int32, output: Int32, error: Int32)

    /// Starts a helper with these as its descriptors 0, 1 and 2.
    func spawn(
        _ runtime: RuntimeExecutable, _ arguments: [String], socket: Int32, lock: Int32?
    ) throws(CFSError) -> Int32 {
        let null = SharedFD(try File.open("/dev/null", .readWrite))
        let wanted: [Int32] =
            switch self {
            case .inherited: [0, 1, 2]
            case .none: [-1, -1, -1]
            case .descriptors(let input, let output, let error): [input, output, error]
            }
        // High numbers, so that no source is overwritten by a target before its turn.
        var copies: [SharedFD] = []
        for number in wanted + [socket] + (lock.map { [$0] } ?? []) {
            let source = number >= 0 && fcntl(number, F_GETFD) != -1 ? number : null.raw
            let copy = fcntl(source, F_DUPFD_CLOEXEC, 10)
            copies.append(SharedFD(OwnedFD(try checked(copy == -1 ? -Int(errno) : Int(copy), "fcntl", .starting))))
        }
        let map = copies.enumerated().map { (Int32($0.offset), from: $0.element.raw) }
        defer { extendLifetime(copies) }
        return try Spawn.start(runtime.path, arguments, environment: [], descriptors: map, newSession: true)
    }
}
