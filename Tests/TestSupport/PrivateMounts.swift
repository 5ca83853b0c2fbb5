import Glibc

/// Runs a body in a thread whose mounts are its own: nobody else sees them, and they go with the thread.
public func withPrivateMounts<Value>(_ body: @escaping () throws -> Value) throws -> Value {
    var outcome: Result<Value, any Error>?
    let work = PrivateWork {
        outcome = Result {
            try PrivateMount.check(GNUFunctions.unshare(PrivateMount.newNamespace), "unshare")
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
public enum PrivateMount {
    public struct Failure: Error {
        public let call: String
        public let number: Int32
    }

    /// CLONE_NEWNS of unshare(2).
    fileprivate static let newNamespace: Int32 = 0x0002_0000

    public static func make(_ type: String, on target: String, _ options: String, flags: UInt = 0) throws {
        try check(mount(type, target, type, flags, options), "mount of \(target)")
    }

    fileprivate static func check(_ result: Int32, _ call: String) throws {
        if result != 0 { throw Failure(call: call, number: errno) }
    }
}

private final class PrivateWork {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}
