import AsyncHTTPClient
import CFSLayers
import CFSLinux
import CFSModel

/// One file over HTTPS (or HTTP of this machine itself), verified while it comes.
struct Download {
    private let address: FetchAddress
    private let options: FetchOptions
    static let redirectLimit = 5

    /// - Throws: `invalidArgument` for what is no address to fetch from.
    init(_ url: String, _ options: FetchOptions) throws(CFSError) {
        address = try FetchAddress(url)
        self.options = options
    }

    /// - Throws: `networkFailed`, also for every status but 200 and when the task is cancelled; `limitExceeded`;
    ///   `digestMismatch`.
    func run(
        into file: SharedFD, expecting digest: Digest, _ progress: @Sendable (ImportProgress) -> Void
    ) async throws(CFSError) {
        var configuration = HTTPClient.Configuration(
            // Where a redirect may lead is for FetchAddress to say.
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: .nanoseconds(options.connectTimeout.nanoseconds),
                read: .nanoseconds(options.idleTimeout.nanoseconds)))
        configuration.httpVersion = .http1Only
        // A host that refuses does so at once: asking it again until the time is over helps nobody.
        configuration.connectionPool.retryConnectionEstablishment = false
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
        let (address, response) = try await answer(client)
        let total = response.headers.first(name: "Content-Length").flatMap { UInt64($0) }
        if let total, total > options.sizeLimit { throw tooLarge(address) }
        var received = ReceivedBytes()
        progress(ImportProgress(.downloading, done: 0, total: total))
        do {
            for try await chunk in response.body {
                let bytes = Array(chunk.readableBytesView)
                guard received.hash.count + UInt64(bytes.count) <= options.sizeLimit else { throw tooLarge(address) }
                received.hash.update(bytes)
                try File.writeAll(file.raw, bytes, path: address.text)
                progress(ImportProgress(.downloading, done: received.hash.count, total: total))
            }
        } catch let error as CFSError {
            throw error
        } catch {
            // How many bytes had come nobody knows: the client drops those that were not taken yet.
            throw failure(error, address, "broke off" + (total.map { " before all of its \($0) bytes had come" } ?? ""))
        }
        try received.check(digest, total: total, address.text)
    }

    /// The answer with the file, wherever the server sends to.
    private func answer(_ client: HTTPClient) async throws(CFSError) -> (FetchAddress, HTTPClientResponse) {
        var address = address
        for _ in 0...Self.redirectLimit {
            let response: HTTPClientResponse
            do {
                var request = HTTPClientRequest(url: address.text)
                request.headers.add(name: "User-Agent", value: "cfs")
                request.headers.add(name: "Accept", value: "*/*")
                // Nothing is asked twice, and a connection that is kept may be closed just when it is used again.
                request.headers.add(name: "Connection", value: "close")
                response = try await client.execute(request, deadline: .distantFuture)
            } catch {
                throw failure(error, address, "could not be fetched")
            }
            switch response.status.code {
            case 200: return (address, response)
            case 301, 302, 303, 307, 308:
                guard let location = response.headers.first(name: "Location") else {
                    throw CFSError(
                        .networkFailed, .fetching,
                        "\(address.text) answers \(response.status.code) without saying where to", hint: byHand)
                }
                address = try address.redirected(to: location)
            default:
                throw CFSError(
                    .networkFailed, .fetching,
                    "\(address.text) answers \(response.status.code) \(response.status.reasonPhrase.prefix(100))",
                    hint: byHand)
            }
        }
        throw CFSError(
            .networkFailed, .fetching, "\(self.address.text) sends around more than \(Self.redirectLimit) times",
            hint: byHand)
    }

    private func failure(_ error: any Error, _ address: FetchAddress, _ what: String) -> CFSError {
        if error is CancellationError || Task.isCancelled { return Self.cancelled(address.text) }
        switch error as? HTTPClientError {
        case .readTimeout, .connectTimeout:
            return CFSError(.networkFailed, .fetching, "\(address.text) does not answer in time", hint: byHand)
        case let known?:
            return CFSError(
                .networkFailed, .fetching, "\(address.text) \(what): \(known.shortDescription.lowercased())",
                hint: byHand)
        case nil:
            // What SwiftNIO says of a name without an address is the name of a type.
            let text = "\(error)"
            let why = text.contains("SocketAddressError") ? "its host has no known address" : String(text.prefix(300))
            return CFSError(.networkFailed, .fetching, "\(address.text) \(what): \(why)", hint: byHand)
        }
    }

    static func cancelled(_ url: String) -> CFSError {
        CFSError(.networkFailed, .fetching, "the fetch of \(url) was cancelled")
    }

    private func tooLarge(_ address: FetchAddress) -> CFSError {
        CFSError(.limitExceeded, .fetching, "the file behind \(address.text) is larger than \(options.sizeLimit) bytes")
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

extension Duration {
    /// At most the 292 years that fit.
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflows ? .max : whole + attoseconds / 1_000_000_000
    }
}
