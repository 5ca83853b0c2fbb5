import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

/// Network namespaces of a test's own. The machine's is never touched.
enum LinkFixture {
    static let isRoot = geteuid() == 0

    /// Runs a body in a thread whose network is its own, and waits for its end.
    static func inOwnNetwork<Value>(_ body: @escaping () throws -> Value) throws -> Value {
        var outcome: Result<Value, any Error>?
        let work = OwnNetworkWork {
            outcome = Result {
                try ProcessControl.unshare(.network)
                return try body()
            }
        }
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<OwnNetworkWork>.fromOpaque(pointer!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        precondition(started == 0, "pthread_create: \(String(cString: strerror(started)))")
        pthread_join(thread, nil)
        return try outcome!.get()
    }

    /// Another new namespace, which lives as long as its descriptor.
    static func newNetwork() throws -> SharedFD {
        try inOwnNetwork { SharedFD(try File.open("/proc/thread-self/ns/net", .read)) }
    }

    /// What a command of iproute2 says in this thread's namespace, or in another one; with `-j` as JSON.
    @discardableResult
    static func run(_ command: String, in namespace: SharedFD? = nil) throws -> CommandResult {
        let (here, machine) = (try File.readLink("/proc/thread-self/ns/net"), try File.readLink("/proc/self/ns/net"))
        precondition(here != machine, "\(command): this thread is in the machine's network")
        let words = command.split(separator: " ").map(String.init)
        func finish() -> CommandResult {
            RunningCommand(["/usr/sbin/\(words[0])"] + words.dropFirst(), environment: [:]).finish(seconds: 60)
        }
        guard let namespace else { return finish() }
        return try NetlinkSocket.inside(namespace.raw) { finish() }
    }

    static func json(_ command: String, in namespace: SharedFD? = nil) throws -> [JSON] {
        let result = try run(command, in: namespace)
        guard result.status == 0 else { throw CFSError(.invalidState, .running, "\(command): \(result.errors)") }
        // With `-d` iproute2 leaves empty objects in its lists.
        return (try JSON(parsing: result.bytes, what: command).array ?? []).filter {
            $0.object?.entries.isEmpty == false
        }
    }

    /// What `ip` shows of one device.
    static func show(_ name: String, in namespace: SharedFD? = nil) throws -> JSON {
        let devices = try json("ip -j -d -s link show dev \(name)", in: namespace)
        return try #require(devices.first)
    }

    /// The error of a body.
    static func error(_ body: () throws -> Void) -> CFSError? {
        do { try body() } catch { return error as? CFSError }
        return nil
    }

    /// The error of a body that uses a socket.
    static func error(_ socket: inout RouteSocket, _ body: (inout RouteSocket) throws -> Void) -> CFSError? {
        do { try body(&socket) } catch { return error as? CFSError }
        return nil
    }

    static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal.filter { !$0.isWhitespace })
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...($0 + 1)]), radix: 16)! }
    }
}

private final class OwnNetworkWork {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

extension Trait where Self == ConditionTrait {
    /// A namespace can be made.
    static var needsOwnNetwork: Self { .enabled(if: LinkFixture.isRoot, "a network namespace needs root") }
}
