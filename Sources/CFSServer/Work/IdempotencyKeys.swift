import CFSCore
import CFSLinux
import CLinux
import Crypto
import Glibc
import Synchronization

/// Answers to requests that carried an `Idempotency-Key`: whoever sends one again gets the same answer, and nothing is done
/// twice.
///
/// On disk, so that a restart of the daemon forgets none: before anything is begun a file says that it is, and afterwards what
/// came of it. A file without an answer, of a daemon that was killed in the middle, is told as such.
final class IdempotencyKeys: Sendable {
    /// Nanoseconds that an answer is kept.
    static let lifetime: UInt64 = 24 * 3_600_000_000_000

    /// What is kept of an answer.
    struct Answer: Sendable {
        let status: Int
        let document: JSON
    }

    private let folder: String
    /// Nanoseconds between two looks for what is too old.
    private let interval: UInt64
    private let tidiedAt = Atomic<UInt64>(SystemClock.monotonic)
    private let running = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    init(folder: String, tidyEvery interval: UInt64 = 3_600_000_000_000) {
        self.folder = folder
        self.interval = interval
    }

    /// Answers a request, or repeats its answer.
    ///
    /// - Parameters:
    ///   - text: the key, of this user.
    ///   - body: what the request asks for.
    ///   - work: runs the file system's calls.
    ///   - perform: does it; nil when nothing was begun, and the key is free again.
    func answer(
        _ text: String, uid: UInt32, body: JSON, _ work: WorkPool,
        perform: @Sendable () async throws -> (answer: Answer, isKept: Bool)
    ) async throws -> (answer: Answer, isReplayed: Bool) {
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw ServerError(.invalidRequest, "an Idempotency-Key has 1 to 255 printable characters")
        }
        let name = Self.digest("\(uid):\(text)")
        let asked = Self.digest(body.text())
        while await !enter(name) {}
        defer { leave(name) }
        // A daemon that runs for years must not keep the answers of all of them.
        let (now, last) = (SystemClock.monotonic, tidiedAt.load(ordering: .relaxed))
        if now - last >= interval, tidiedAt.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
        {
            try await work.long { [self] in try tidy() }
        }
        if let kept = try await work.quick({ [self] in try read(name) }) {
            guard kept["request"]?.string == asked else {
                throw ServerError(
                    .idempotencyConflict, "this Idempotency-Key was used for another request",
                    hint: "take a new key for a new request")
            }
            guard let status = kept["status"]?.integer, let document = kept["answer"] else {
                throw ServerError(
                    .idempotencyInterrupted, "the daemon was ended in the middle of the request with this key",
                    hint: "look at GET /containers?all=true whether it was carried out; a new key begins anew")
            }
            return (Answer(status: Int(status), document: document), true)
        }
        try await work.quick { [self] in try write(name, ["request": .string(asked)], durable: true) }
        let (answer, isKept) = try await perform()
        try await work.quick { [self] in
            guard isKept else { return remove(name) }
            try write(
                name,
                [
                    "request": .string(asked), "status": .integer(Int64(answer.status)), "answer": answer.document,
                ], durable: false)
        }
        return (answer, false)
    }

    /// Whether it is this task's turn with a key; else waits until another one is through with it.
    private func enter(_ name: String) async -> Bool {
        let isFree = running.withLock { running in
            guard running[name] == nil else { return false }
            running[name] = []
            return true
        }
        if isFree { return true }
        await withCheckedContinuation { continuation in
            let isOver = running.withLock { running in
                guard running[name] != nil else { return true }
                running[name]?.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
        return false
    }

    private func leave(_ name: String) {
        for waiter in running.withLock({ $0.removeValue(forKey: name) }) ?? [] { waiter.resume() }
    }

    // MARK: Files

    private func read(_ name: String) throws(CFSError) -> JSON? {
        let path = "\(folder)/\(name)"
        guard let status = File.statusIfThere(path) else { return nil }
        if Self.isOver(status) {
            remove(name)
            return nil
        }
        return try JSON(parsing: try File.readAll(at: path), what: path)
    }

    private func write(_ name: String, _ document: JSON, durable: Bool) throws(CFSError) {
        try Directory.makeAll(folder)
        try AtomicFile.write(document.bytes(), to: "\(folder)/\(name)", durable: durable)
    }

    private func remove(_ name: String) { unlink("\(folder)/\(name)") }

    /// Removes what is too old.
    func tidy() throws(CFSError) {
        guard File.exists(folder) else { return }
        let opened = try Directory.open(folder)
        for name in try Directory.names(opened.raw) {
            guard let status = File.statusIfThere("\(folder)/\(name)"), Self.isOver(status) else { continue }
            remove(name)
        }
    }

    private static func isOver(_ status: cfs_stat) -> Bool {
        let age = Int64(SystemClock.realtime / 1_000_000_000) - Int64(status.mtime_seconds)
        return age > Int64(lifetime / 1_000_000_000)
    }

    private static func digest(_ text: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let bytes = SHA256.hash(data: Array(text.utf8)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
