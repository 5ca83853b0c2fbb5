import CFSModel
import Testing

@testable import CFSMonitor

@Suite("How long a container waits to be started again")
struct RestartBackoffTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("twice as long each time, at most a minute")
    func doubling() {
        var backoff = RestartBackoff(.always)
        let delays = (0..<12).map { _ in backoff.delay(after: 0, ranFor: 0, isStopped: false) }
        #expect(delays.prefix(4) == [100_000_000, 200_000_000, 400_000_000, 800_000_000])
        #expect(delays.last == 60 * Self.second)
        #expect(backoff.count == 12)
    }

    @Test("after a good run it begins anew")
    func reset() {
        var backoff = RestartBackoff(.unlessStopped)
        for _ in 0..<5 { _ = backoff.delay(after: 1, ranFor: 0, isStopped: false) }
        let delay1 = backoff.delay(after: 1, ranFor: 10 * Self.second, isStopped: false)
        #expect(delay1 == 100_000_000)
    }

    @Test("on failure only, and only so often")
    func onFailure() {
        var backoff = RestartBackoff(.onFailure(maximum: 2))
        let delay2 = backoff.delay(after: 0, ranFor: 0, isStopped: false)
        #expect(delay2 == nil)
        let delay3 = backoff.delay(after: 3, ranFor: 0, isStopped: false)
        #expect(delay3 != nil)
        let delay4 = backoff.delay(after: 3, ranFor: 0, isStopped: false)
        #expect(delay4 != nil)
        let delay5 = backoff.delay(after: 3, ranFor: 0, isStopped: false)
        #expect(delay5 == nil)
        #expect(backoff.count == 2)
    }

    @Test(
        "what somebody stopped stays stopped",
        arguments: [RestartPolicy.always, .unlessStopped, .onFailure(maximum: nil)])
    func stopped(policy: RestartPolicy) {
        var backoff = RestartBackoff(policy)
        let delay6 = backoff.delay(after: 137, ranFor: 0, isStopped: true)
        #expect(delay6 == nil)
    }

    @Test("without a policy there is no second run")
    func never() {
        var backoff = RestartBackoff(.no)
        let delay7 = backoff.delay(after: 1, ranFor: 0, isStopped: false)
        #expect(delay7 == nil)
    }

    @Test("another policy holds from the next end on")
    func changed() {
        var backoff = RestartBackoff(.no)
        backoff.policy = .onFailure(maximum: 1)
        let first = backoff.delay(after: 1, ranFor: 0, isStopped: false)
        let second = backoff.delay(after: 1, ranFor: 0, isStopped: false)
        #expect(first != nil && second == nil)
    }
}
