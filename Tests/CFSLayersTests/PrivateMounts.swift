import CFSLinux
import CFSModel
import Glibc

/// Runs a body in a thread whose mounts are its own: nobody else sees them, and they go with the thread.
func withPrivateMounts<Value>(_ body: @escaping () throws -> Value) throws -> Value {
    var outcome: Result<Value, any Error>?
    let work = PrivateWork {
        outcome = Result {
            try ProcessControl.unshare(.mount)
            let recursivelyPrivate: UInt = 1 << 14 | 1 << 18
            try PrivateMount.make("none", on: "/", "", flags: recursivelyPrivate)
            return try body()
        }
    }
    var thread = pthread_t()
    let started = pthread_create(
        &thread, nil,
        { pointer in
            Unmanaged<PrivateWork>.fromOpaque(pointer!).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(work).toOpaque())
    precondition(started == 0, "pthread_create: \(String(cString: strerror(started)))")
    pthread_join(thread, nil)
    return try outcome!.get()
}

/// mount(2), for use inside ``withPrivateMounts(_:)``.
enum PrivateMount {
    static func make(_ type: String, on target: String, _ options: String, flags: UInt = 0) throws(CFSError) {
        try checked(
            mount(type, target, type, flags, options) == 0 ? 0 : -Int(errno), "mount", .mounting, path: target)
    }
}

private final class PrivateWork {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}
