import CFSCore
import CFSLinux
import Glibc
import TestSupport
import Testing

@testable import CFSServer

@Suite("Keys of requests that are sent twice")
struct IdempotencyKeysTests {
    @Test("answers that are too old go while the daemon runs")
    func tidied() async throws {
        let folder = TemporaryDirectory()
        let old = folder("old")
        try AtomicFile.write(Array("{}".utf8), to: old, durable: false)
        var times = [timeval(tv_sec: time(nil) - 90_000, tv_usec: 0), timeval(tv_sec: time(nil) - 90_000, tv_usec: 0)]
        #expect(utimes(old, &times) == 0)
        let work = WorkPool(quick: 1, long: 1)
        let keys = IdempotencyKeys(folder: folder.path, tidyEvery: 0)
        let (answer, isReplayed) = try await keys.answer("key", uid: 0, body: .null, work) {
            (IdempotencyKeys.Answer(status: 200, document: "done"), true)
        }
        try await work.stop()
        #expect(answer.status == 200 && !isReplayed)
        #expect(!File.exists(old))
        let opened = try Directory.open(folder.path)
        let left = try Directory.names(opened.raw).count
        #expect(left == 1)
    }
}
