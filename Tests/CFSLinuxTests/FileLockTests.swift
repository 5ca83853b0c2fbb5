import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Locks on files")
struct FileLockTests {
    private let folder = TemporaryDirectory()

    private func isFree(shared: Bool = false) throws -> Bool {
        guard let lock = try FileLock(ifFree: folder("lock"), shared: shared) else { return false }
        _ = lock
        return true
    }

    @Test("a lock is held as long as its value lives")
    func exclusive() throws {
        do {
            let lock = try FileLock(folder("lock"))
            #expect(try !isFree())
            #expect(try !isFree(shared: true))
            _ = lock
        }
        #expect(try isFree())
        #expect(try File.status(folder("lock")).mode & 0o777 == 0o600)
    }

    @Test("shared locks stand beside each other, not beside an exclusive one")
    func shared() throws {
        let lock = try FileLock(folder("lock"), shared: true)
        #expect(try isFree(shared: true))
        #expect(try !isFree())
        _ = lock
    }

    @Test("a copy of the descriptor holds the lock on")
    func copy() throws {
        let number: Int32
        do {
            let lock = try FileLock(folder("lock"))
            number = fcntl(lock.descriptor, F_DUPFD_CLOEXEC, 3)
        }
        #expect(try !isFree())
        close(number)
        #expect(try isFree())
    }

    @Test("a wait can be ended by whoever waits, and goes on until then")
    func endedWait() throws {
        let lock = try FileLock(folder("lock"))
        var asked = 0
        let error = #expect(throws: CFSError.self) {
            _ = try FileLock(folder("lock")) { () throws(CFSError) in
                asked += 1
                if asked == 3 { throw CFSError(.interrupted, .preparing, "enough") }
            }
        }
        #expect(error?.code == .interrupted && asked == 3)
        _ = lock
    }

    @Test("a lock that is free is taken without asking, and one that becomes free when it does")
    func askedWait() throws {
        var held: FileLock? = try FileLock(folder("lock")) { () throws(CFSError) in
            throw CFSError(.interrupted, .preparing, "it was free")
        }
        let lock = try FileLock(folder("lock")) { () throws(CFSError) in held = nil }
        #expect(try !isFree())
        _ = lock
    }

    @Test("a lock that waits gets it when the other is gone")
    func waits() async throws {
        let path = folder("lock")
        var lock: FileLock? = try FileLock(path)
        let order = Order()
        let waiter = Task.detached {
            let mine = try FileLock(path)
            order.note("waiter")
            _ = mine
        }
        order.note("holder")
        lock = nil
        try await waiter.value
        #expect(order.notes == ["holder", "waiter"])
        _ = lock
    }

    @Test("a link is not followed to a lock elsewhere, and no lock file is no lock")
    func links() throws {
        #expect(try !isFree())
        #expect(namesInFolder(folder.path).isEmpty)
        symlink(folder.write("", to: "target"), folder("lock"))
        #expect(throws: CFSError.self) { _ = try FileLock(folder("lock")) }
    }

    private final class Order: @unchecked Sendable {
        private var mutex = pthread_mutex_t()
        private var list: [String] = []
        init() { pthread_mutex_init(&mutex, nil) }
        func note(_ text: String) {
            pthread_mutex_lock(&mutex)
            list.append(text)
            pthread_mutex_unlock(&mutex)
        }
        var notes: [String] { list }
    }
}
