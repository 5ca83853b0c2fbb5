import CFSLinux
import CFSModel
import Glibc

/// What a container's standard streams are connected to.
public enum Streams: Sendable, Hashable {
    /// Those of this very process.
    case inherited
    /// Output and error of this very process; empty input.
    case inheritedOutput
    /// No input, and output goes to the container's log alone. The input of a container that was made interactive is open
    /// all the same, for whoever attaches: see ``Container/attach(input:)``.
    case none
    /// Descriptors of this process, which stay the caller's to close.
    case descriptors(input: Int32, output: Int32, error: Int32)

    /// Whether an output ends for the command when nobody reads it here any more: `cfs run … | head` is a pipeline like any
    /// other. A caller of the library that lets go of its descriptors leaves the command alone.
    var endWithReader: Bool { self == .inherited || self == .inheritedOutput }

    /// Starts a helper with these as its descriptors 0, 1 and 2.
    func spawn(
        _ runtime: RuntimeExecutable, _ arguments: [String], socket: Int32, lock: Int32?
    ) throws(CFSError) -> Int32 {
        let null = SharedFD(try File.open("/dev/null", .readWrite))
        let wanted: [Int32] =
            switch self {
            case .inherited: [0, 1, 2]
            case .inheritedOutput: [-1, 1, 2]
            case .none: [-1, -1, -1]
            case .descriptors(let input, let output, let error): [input, output, error]
            }
        let own = [socket] + (lock.map { [$0] } ?? [])
        var map: [(Int32, from: Int32)] = []
        var copies: [SharedFD] = []
        for number in wanted {
            map.append((Int32(map.count), number >= 0 && fcntl(number, F_GETFD) != -1 ? number : null.raw))
        }
        for number in own { map.append((Int32(map.count), number)) }
        // A source that another target overwrites before its turn is copied out of the way.
        for (target, source) in map where source < map.count && source != target {
            let copy = fcntl(source, F_DUPFD_CLOEXEC, Int32(map.count))
            copies.append(SharedFD(OwnedFD(try checked(copy == -1 ? -Int(errno) : Int(copy), "fcntl", .starting))))
            map[Int(target)].from = Int32(copy)
        }
        defer { extendLifetime((copies, null)) }
        return try Spawn.start(runtime.path, arguments, environment: [], descriptors: map, newSession: true)
    }
}
