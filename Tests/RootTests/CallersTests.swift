import Glibc
import TestSupport
import Testing

/// A connection to the socket of a monitor that says nothing.
private final class IdleCaller {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(connected == 0, "\(String(cString: strerror(errno)))")
    }

    deinit { close(descriptor) }
}

@Suite("Those who call a monitor", .needsHost, .engine)
struct CallersTests: EngineSuite {
    private func isAsleep(_ pid: Int32) -> Bool {
        poll(nil, 0, 5)
        let status = textOfFile("/proc/\(pid)/stat") ?? ""
        return status.split(separator: ")").last?.split(separator: " ").first == "S"
    }

    /// Fills the monitor up with callers that say nothing, fewer than its queue holds.
    private func crowd(_ id: String, spare: Int) throws -> [IdleCaller] {
        let monitor = try engine.monitor(id)
        let used = Set(namesInFolder("/proc/\(monitor)/fd").compactMap { Int($0) })
        let free = try #require((0...).first { !used.contains($0) })
        let limited = engine.host("prlimit --pid \(monitor) --nofile=\(free + spare):")
        try #require(limited.status == 0, "\(limited.errors)")
        let callers = try (0..<12).map { _ in try IdleCaller("\(engine.runFolder)/\(id)/socket") }
        // One that looks again and again for callers that it cannot take is never asleep.
        #expect(eventually(seconds: 60) { (0..<20).allSatisfy { _ in isAsleep(monitor) } }, "the monitor spins")
        return callers
    }

    @Test("more callers than it has descriptors for let a monitor sleep, and all are served once it has more")
    func crowded() throws {
        try engine.withContainer { id in
            let callers = try crowd(id, spare: 0)
            #expect(engine.host("prlimit --pid \(try engine.monitor(id)) --nofile=1024:").status == 0)
            // Behind those that say nothing.
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            #expect(engine.exitCode(id) == 137)
            extendLifetime(callers)
        }
    }

    @Test("a container ends in order while callers have all descriptors that are theirs")
    func ends() throws {
        try engine.withContainer { id in
            let callers = try crowd(id, spare: 10)
            #expect(kill(try engine.pid(id), SIGKILL) == 0)
            #expect(eventually(seconds: 60) { engine.exitCode(id) == 137 })
            #expect(try engine.inspect(id)["State"]["Reason"].text == nil)
            extendLifetime(callers)
        }
    }
}
