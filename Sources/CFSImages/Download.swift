import AsyncHTTPClient
import CFSLayers
import CFSLinux
import CFSModel

/// One file over HTTP or HTTPS, verified while it comes.
struct Download {
    private let url: String
    private let options: FetchOptions
    private static let redirectLimit = 5

    init(_ url: String, _ options: FetchOptions) throws(CFSError) {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw CFSError(.invalidArgument, .fetching, "\"\(url.prefix(300))\" is no address of http or https")
        }
        self.url = url
        self.options = options
    }

    /// - Throws: `networkFailed`, also for every status but 200; `limitExceeded`; `digestMismatch`.
    func run(
        into file: SharedFD, expecting digest: Digest, _ progress: @Sendable (ImportProgress) -> Void
    ) async throws(CFSError) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .follow(max: Self.redirectLimit, allowCycles: false),
            timeout: HTTPClient.Configuration.Timeout(
                connect: .seconds(Int64(options.connectTimeout)), read: .seconds(Int64(options.idleTimeout))))
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let failure: CFSError?
        do throws(CFSError) {
            try await transfer(client, into: file, expecting: digest, progress)
            failure = nil
        } catch {
            failure = error
        }
        do {
            try await client.shutdown()
        } catch {
            // The transfer is over: what shutting down has to say changes nothing about its bytes.
        }
        if let failure { throw failure }
    }

    private func transfer(
        _ client: HTTPClient, into file: SharedFD, expecting digest: Digest,
        _ progress: @Sendable (ImportProgress) -> Void
    ) async throws(CFSError) {
        do {
            var request = HTTPClientRequest(url: url)
            request.headers.add(name: "User-Agent", value: "cfs")
            request.headers.add(name: "Accept", value: "*/*")
            let response = try await client.execute(request, deadline: .distantFuture)
            guard response.status == .ok else {
                throw CFSError(
                    .networkFailed, .fetching,
                    "\(url) answers \(response.status.code) \(response.status.reasonPhrase)", hint: byHand)
            }
            let total = response.headers.first(name: "Content-Length").flatMap { UInt64($0) }
            if let total, total > options.sizeLimit { throw tooLarge }
            var received = ReceivedBytes()
            progress(ImportProgress(.downloading, done: 0, total: total))
            for try await chunk in response.body {
                let bytes = Array(chunk.readableBytesView)
                guard received.hash.count + UInt64(bytes.count) <= options.sizeLimit else { throw tooLarge }
                received.hash.update(bytes)
                try File.writeAll(file.raw, bytes, path: url)
                progress(ImportProgress(.downloading, done: received.hash.count, total: total))
            }
            try received.check(digest, total: total, url)
        } catch let error as CFSError {
            throw error
        } catch let error as HTTPClientError where error == .readTimeout || error == .connectTimeout {
            throw CFSError(.networkFailed, .fetching, "\(url) does not answer in time", hint: byHand)
        } catch {
            throw CFSError(.networkFailed, .fetching, "\(url) could not be fetched: \(error)", hint: byHand)
        }
    }

    private var tooLarge: CFSError {
        CFSError(.limitExceeded, .fetching, "the file behind \(url) is larger than \(options.sizeLimit) bytes")
    }

    private var byHand: String { "check the connection, or download the file yourself and import it" }
}

private struct ReceivedBytes {
    var hash = SHA256Stream()

    func check(_ expected: Digest, total: UInt64?, _ url: String) throws(CFSError) {
        if let total, hash.count != total {
            throw CFSError(.networkFailed, .fetching, "\(url) ended after \(hash.count) of \(total) bytes")
        }
        let digest = try hash.digest()
        guard digest == expected else {
            throw CFSError(
                .digestMismatch, .fetching, "the file behind \(url) has the digest \(digest), not \(expected)",
                hint: "it is not what the catalogue describes: nothing was installed")
        }
    }
}
