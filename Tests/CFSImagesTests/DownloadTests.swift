import CFSLayers
import CFSLinux
import CFSModel
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import CFSImages

private let sample = Array((0..<20_000).map { "line \($0)\n" }.joined().utf8)

/// What a download left, and how it ended.
private struct Outcome: Sendable {
    var bytes: [UInt8]
    var error: CFSError?
    var progress: [ImportProgress]
}

@Suite("A file from a server")
struct DownloadTests {
    private static func fetch(
        _ url: String, expecting body: [UInt8] = sample, _ change: (inout FetchOptions) -> Void = { _ in }
    ) async throws -> Outcome {
        var options = FetchOptions()
        // A machine that is busy with other tests is no server that stalls.
        options.idleTimeout = .seconds(3600)
        change(&options)
        let file = try SharedFD(MemoryFile.make("download"))
        let seen = Mutex<[ImportProgress]>([])
        var failure: CFSError?
        do throws(CFSError) {
            let digest = try SHA256Stream.digest(of: body)
            try await Download(url, options).run(into: file, expecting: digest) { step in
                seen.withLock { $0.append(step) }
            }
        } catch {
            failure = error
        }
        let bytes = try File.readAll(at: "/proc/self/fd/\(file.raw)")
        return Outcome(bytes: bytes, error: failure, progress: seen.withLock { $0 })
    }

    /// The error of a download from a server that answers so.
    private static func fault(
        _ change: (inout FetchOptions) -> Void = { _ in },
        _ respond: @escaping @Sendable (LoopbackServer.Exchange) -> Void
    ) async throws -> CFSError {
        let server = LoopbackServer(respond)
        let error = try #require(try await fetch(server.url("/file"), change).error)
        #expect(error.phase == .fetching)
        return error
    }

    // MARK: What works

    @Test("its bytes arrive as they are, and progress goes from nothing to its length")
    func good() async throws {
        let server = LoopbackServer { $0.answer("200 OK", [], sample) }
        let outcome = try await Self.fetch(server.url("/a/file.iso?x=1"))
        #expect(outcome.error == nil)
        #expect(outcome.bytes == sample)
        #expect(server.paths == ["/a/file.iso?x=1"])
        let done = outcome.progress.map(\.done)
        #expect(outcome.progress.allSatisfy { $0.phase == .downloading && $0.total == UInt64(sample.count) })
        #expect(done.first == 0 && done == done.sorted() && done.last == UInt64(sample.count))
    }

    @Test("it may come in chunks, or end with the connection: then nobody knows its length before")
    func withoutLength() async throws {
        let server = LoopbackServer { exchange in
            guard exchange.path == "/chunks" else {
                return exchange.send(Array("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8) + sample)
            }
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in stride(from: 0, to: sample.count, by: 7000) {
                let piece = sample[start..<min(start + 7000, sample.count)]
                exchange.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10])
            }
            exchange.send("0\r\n\r\n")
        }
        for path in ["/chunks", "/end"] {
            let outcome = try await Self.fetch(server.url(path))
            #expect(outcome.error == nil && outcome.bytes == sample)
            #expect(outcome.progress.last?.done == UInt64(sample.count))
            #expect(outcome.progress.allSatisfy { $0.total == nil })
        }
    }

    @Test("an empty file is one too")
    func empty() async throws {
        let server = LoopbackServer { $0.answer("200 OK") }
        let outcome = try await Self.fetch(server.url("/"), expecting: [])
        #expect(outcome.error == nil && outcome.bytes == [])
    }

    // MARK: Where a server sends

    @Test("a redirect is followed, absolute or relative", arguments: [301, 302, 303, 307, 308])
    func redirected(status: Int) async throws {
        let other = LoopbackServer { $0.answer("200 OK", [], sample) }
        let target = other.url("/there")
        let server = LoopbackServer { exchange in
            exchange.answer("\(status) Elsewhere", ["Location: \(exchange.path == "/a/b" ? "c" : target)"])
        }
        let outcome = try await Self.fetch(server.url("/a/b"))
        #expect(outcome.error == nil && outcome.bytes == sample)
        #expect(server.paths == ["/a/b", "/a/c"] && other.paths == ["/there"])
    }

    @Test("five redirects are followed, and no sixth")
    func manyRedirects() async throws {
        let server = LoopbackServer { exchange in
            let left = Int(exchange.path.dropFirst()) ?? 0
            guard left > 0 else { return exchange.answer("200 OK", [], sample) }
            exchange.answer("302 Found", ["Location: /\(left - 1)"])
        }
        #expect(try await Self.fetch(server.url("/5")).error == nil)
        #expect(server.paths.count == 6)
        let error = try await Self.fetch(server.url("/6")).error
        #expect(error?.code == .networkFailed)
        #expect(error?.message.contains("more than 5 times") == true)
        #expect(server.paths.count == 12 && server.paths.last == "/1")
    }

    @Test("a redirect to itself ends")
    func circle() async throws {
        let error = try await Self.fault { $0.answer("302 Found", ["Location: /file"]) }
        #expect(error.message.contains("more than 5 times"))
    }

    @Test(
        "a redirect to plain http elsewhere is refused, and nobody is asked there",
        arguments: [
            "http://localhost:PORT/x", "http://127.0.0.1.:PORT/x", "http://0.0.0.0:PORT/x", "//localhost:PORT/x",
        ])
    func plainElsewhere(location: String) async throws {
        let other = LoopbackServer { $0.answer("200 OK", [], sample) }
        let target = location.replacing("PORT", with: "\(other.port)")
        let error = try await Self.fault { $0.answer("302 Found", ["Location: \(target)"]) }
        #expect(error.code == .networkFailed && error.message.contains("is not encrypted"), "\(error.message)")
        #expect(other.paths == [])
    }

    @Test("a redirect that says not where, or to a file of this machine, is refused")
    func nowhere() async throws {
        #expect(try await Self.fault { $0.answer("302 Found") }.message.contains("without saying where to"))
        let file = try await Self.fault { $0.answer("302 Found", ["Location: file:///etc/passwd"]) }
        #expect(file.code == .networkFailed && file.message.contains("no address of http or https"))
    }

    // MARK: What a server does wrong

    @Test("bytes with another digest are refused, and both digests are told")
    func wrongDigest() async throws {
        let error = try await Self.fault { $0.answer("200 OK", [], sample + [0x21]) }
        #expect(error.code == .digestMismatch)
        let (expected, found) = (
            try SHA256Stream.digest(of: sample), try SHA256Stream.digest(of: sample + [0x21])
        )
        #expect(error.message.contains("\(expected)") && error.message.contains("\(found)"))
    }

    @Test(
        "every status but 200 is a failure that names it",
        arguments: [
            "404 Not Found", "500 Internal Server Error", "503 Service Unavailable", "401 Unauthorized",
            "206 Partial Content",
        ])
    func status(text: String) async throws {
        let error = try await Self.fault { $0.answer(text, [], sample) }
        #expect(error.code == .networkFailed && error.message.contains("answers \(text)"), "\(error.message)")
        #expect(error.hint?.contains("import it") == true)
    }

    @Test(
        "an answer that breaks off is a failure, wherever it does",
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ])
    func truncated(answer: String) async throws {
        for resets in [false, true] {
            let error = try await Self.fault { exchange in
                exchange.send(answer)
                if resets { exchange.reset() }
            }
            #expect(error.code == .networkFailed, "\(error.message)")
        }
    }

    @Test("a file that ends too early is told with how long it should be")
    func early() async throws {
        let error = try await Self.fault { exchange in
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: \(sample.count + 1)\r\n\r\n")
            exchange.send(sample)
        }
        #expect(error.message.contains("before all of its \(sample.count + 1) bytes had come"), "\(error.message)")
    }

    @Test(
        "a length that is a lie, or two, is a failure",
        arguments: [
            "Content-Length: 5", "Content-Length: -5", "Content-Length: x", "Content-Length: 5\r\nContent-Length: 7",
        ])
    func lies(header: String) async throws {
        let error = try await Self.fault { exchange in
            exchange.send(Array("HTTP/1.1 200 OK\r\n\(header)\r\n\r\n".utf8) + sample)
        }
        // What lies behind the length is never read, so the rest has another digest.
        #expect(error.code == .networkFailed || error.code == .digestMismatch, "\(error.message)")
    }

    @Test("a server that says nothing any more is given up, before its answer and in the middle of it")
    func stalled() async throws {
        for start in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"] {
            let error = try await Self.fault {
                $0.idleTimeout = .milliseconds(200)
            } _: { exchange in
                exchange.send(start)
                exchange.waitForClient()
            }
            #expect(
                error.code == .networkFailed && error.message.contains("does not answer in time"), "\(error.message)")
        }
    }

    @Test("a file that is too large is refused: by its length before a byte of it, else when the limit is passed")
    func oversize() async throws {
        let server = LoopbackServer { exchange in
            if exchange.path == "/told" {
                exchange.send("HTTP/1.1 200 OK\r\nContent-Length: \(sample.count)\r\n\r\n")
            } else {
                exchange.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                exchange.send(sample)
            }
            exchange.waitForClient()
        }
        let limit = UInt64(sample.count) - 1
        let told = try await Self.fetch(server.url("/told")) { $0.sizeLimit = limit }
        #expect(told.error?.code == .limitExceeded && told.progress.isEmpty && told.bytes.isEmpty)
        let untold = try await Self.fetch(server.url("/untold")) { $0.sizeLimit = limit }
        #expect(untold.error?.code == .limitExceeded)
        #expect(untold.error?.message.contains("\(limit) bytes") == true)
        #expect(untold.bytes.count <= Int(limit))
        let exact = LoopbackServer { $0.answer("200 OK", [], sample) }
        #expect(try await Self.fetch(exact.url("/")) { $0.sizeLimit = limit + 1 }.error == nil)
    }

    @Test("what speaks no HTTP, or never ends its head, is a failure")
    func noHTTP() async throws {
        #expect(try await Self.fault { $0.send("SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n") }.code == .networkFailed)
        let flood = try await Self.fault { exchange in
            exchange.send("HTTP/1.1 200 OK\r\n")
            for number in 0..<5000 { exchange.send("X-\(number): \(String(repeating: "x", count: 1000))\r\n") }
            exchange.waitForClient()
        }
        #expect(flood.code == .networkFailed)
    }

    @Test("where nobody listens is a failure at once")
    func refused() async throws {
        var server: LoopbackServer? = LoopbackServer { _ in }
        let url = try #require(server?.url("/file"))
        server = nil
        let error = try await Self.fetch(url).error
        #expect(error?.code == .networkFailed && error?.message.contains(url) == true)
    }

    @Test("an address without encryption elsewhere is refused before anything is sent")
    func plainAddress() async throws {
        let error = try await Self.fetch("http://example.com/x").error
        #expect(error?.code == .invalidArgument && error?.message.contains("is not encrypted") == true)
    }

    // MARK: Cancelling

    @Test("a download that is cancelled ends, and lets its connection go")
    func cancelled() async throws {
        let (came, went) = (AsyncStream<Void>.makeStream(), AsyncStream<Bool>.makeStream())
        let server = LoopbackServer { exchange in
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            came.continuation.finish()
            went.continuation.yield(exchange.waitForClient())
            went.continuation.finish()
        }
        let task = Task { try await Self.fetch(server.url("/file")) }
        for await _ in came.stream {}
        task.cancel()
        let outcome = try await task.value
        #expect(outcome.error?.code == .networkFailed)
        #expect(outcome.error?.message == "the fetch of \(server.url("/file")) was cancelled")
        for await hasClosed in went.stream { #expect(hasClosed) }
    }
}
