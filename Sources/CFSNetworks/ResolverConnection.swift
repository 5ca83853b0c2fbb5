import CFSLinux
import CFSModel

/// A client of a resolver over TCP (RFC 7766): queries one behind the other, each answered as soon as it can be.
final class ResolverConnection {
    /// Queries that may wait for upstreams at once.
    private static let waitingLimit = 16
    /// Bytes that may wait for the client; more queries are read when it has taken them.
    private static let outputLimit = 64 << 10

    let number: UInt64
    private let fd: SharedFD
    private let token: UInt64
    private var input: [UInt8] = []
    private var output: ArraySlice<UInt8> = []
    private var hasEnded = false
    private var interest: EventPoll.Interest = .readable
    /// Queries whose answers are awaited.
    private(set) var waiting = 0
    /// When it last did something: asked a whole question, or took an answer.
    private(set) var lastActive: UInt64

    init(_ fd: SharedFD, number: UInt64, token: UInt64, now: UInt64, _ poll: borrowing EventPoll) throws(CFSError) {
        (self.fd, self.number, self.token, lastActive) = (fd, number, token, now)
        try poll.add(fd.raw, .readable, token: token)
    }

    private var takesMore: Bool { waiting < Self.waitingLimit && output.count < Self.outputLimit }

    /// Takes an event: passes on what the client takes, reads what it sends; false when the connection is over.
    ///
    /// - Parameter take: gets each query; whether its answer comes later.
    func handle(now: UInt64, _ poll: borrowing EventPoll, take: (ArraySlice<UInt8>) -> Bool) -> Bool {
        // Only an end that comes from the other side wakes a connection that nothing is expected of.
        if interest.isEmpty { return false }
        guard flush(now) else { return false }
        if !hasEnded, takesMore, !read() { return false }
        return settle(now, poll, take: take)
    }

    private func read() -> Bool {
        var failure = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, count in
            let received = File.read(fd.raw, into: UnsafeMutableRawBufferPointer(buffer))
            failure = min(0, received)
            count = max(0, received)
        }
        if failure == -ErrorCode.again { return true }
        hasEnded = failure == 0 && bytes.isEmpty
        input += bytes
        return failure == 0
    }

    /// Goes through the queries that are there, and says what is waited for next.
    private func settle(_ now: UInt64, _ poll: borrowing EventPoll, take: (ArraySlice<UInt8>) -> Bool) -> Bool {
        // Answers that were taken at once make room for what was read before and has no event any more.
        repeat {
            guard answerWhatIsThere(now, take), flush(now) else { return false }
        } while takesMore && hasWholeQuery
        if hasEnded, waiting == 0, output.isEmpty, takesMore { return false }
        var wanted: EventPoll.Interest = []
        if !hasEnded, takesMore { wanted.insert(.readable) }
        if !output.isEmpty { wanted.insert(.writable) }
        if wanted != interest {
            interest = wanted
            do throws(CFSError) { try poll.modify(fd.raw, wanted, token: token) } catch { return false }
        }
        return true
    }

    private var hasWholeQuery: Bool { input.count >= 2 && input.count - 2 >= Int(input[...].word(at: 0)) }

    private func answerWhatIsThere(_ now: UInt64, _ take: (ArraySlice<UInt8>) -> Bool) -> Bool {
        var place = 0
        while takesMore, input.count - place >= 2 {
            let length = Int(input[...].word(at: place))
            // What is no message has none behind it either.
            guard length >= NameQuery.headerSize else { return false }
            guard input.count - place >= 2 + length else { break }
            lastActive = now
            if take(input[(place + 2)..<(place + 2 + length)]) { waiting += 1 }
            place += 2 + length
        }
        input.removeFirst(place)
        return true
    }

    /// Puts an answer behind those that are not taken yet.
    func put(_ answer: [UInt8]) {
        var framed: [UInt8] = []
        framed.append(word: UInt16(answer.count))
        output += framed + answer
    }

    /// An answer that was awaited has come; false when the connection is over.
    func deliver(
        _ answer: [UInt8], now: UInt64, _ poll: borrowing EventPoll, take: (ArraySlice<UInt8>) -> Bool
    ) -> Bool {
        waiting -= 1
        put(answer)
        return settle(now, poll, take: take)
    }

    private func flush(_ now: UInt64) -> Bool {
        while !output.isEmpty {
            let sent = output.withUnsafeBytes { InternetSocket.send(fd.raw, $0) }
            if sent == -ErrorCode.again { return true }
            guard sent > 0 else { return false }
            lastActive = now
            output = sent == output.count ? [] : output.dropFirst(sent)
        }
        return true
    }

    func close(_ poll: borrowing EventPoll) { poll.remove(fd.raw) }
}
