import CFSModel
import Testing

@Suite("Restart policies and health")
struct RestartPolicyTests {
    @Test(
        "a policy is read as it is written",
        arguments: [
            ("no", RestartPolicy.no), ("always", .always), ("unless-stopped", .unlessStopped),
            ("on-failure", .onFailure(maximum: nil)), ("on-failure:5", .onFailure(maximum: 5)),
        ])
    func read(text: String, policy: RestartPolicy) throws {
        let read = try RestartPolicy(text)
        #expect(read == policy)
        #expect(read.text == text)
    }

    @Test("no limit is written as 0, too")
    func zero() throws {
        let read = try RestartPolicy("on-failure:0")
        #expect(read == .onFailure(maximum: nil))
    }

    @Test(
        "anything else is an error that says what there is",
        arguments: ["sometimes", "on-failure:", "on-failure:-1", "on-failure:x", "on-failure:99999999999", "Always"])
    func wrong(text: String) {
        let error = #expect(throws: CFSError.self) { try RestartPolicy(text) }
        #expect(error?.message.contains(text) == true && error?.hint?.contains("unless-stopped") == true)
    }

    private func result(_ status: Int32) -> Health.Result {
        Health.Result(startedAt: 1, finishedAt: 2, status: status, output: "")
    }

    /// Outside of an expectation, which cannot change its operands.
    private func take(_ health: inout Health, _ result: Health.Result, _ check: HealthCheck, isStarting: Bool) -> Bool {
        health.take(result, check, isStarting: isStarting)
    }

    @Test("so many failures in a row make it unhealthy, one good check healthy again")
    func counting() {
        var health = Health()
        var check = HealthCheck(command: ["x"])
        check.retries = 2
        let changed1 = take(&health, result(1), check, isStarting: false)
        #expect(!changed1)
        #expect(health.status == .starting && health.failures == 1)
        let changed2 = take(&health, result(0), check, isStarting: false)
        #expect(changed2)
        #expect(health.status == .healthy && health.failures == 0)
        let changed3 = take(&health, result(1), check, isStarting: false)
        #expect(!changed3)
        let changed4 = take(&health, result(-1), check, isStarting: false)
        #expect(changed4)
        #expect(health.status == .unhealthy)
        let changed5 = take(&health, result(0), check, isStarting: false)
        #expect(changed5)
        #expect(health.status == .healthy)
    }

    @Test("in the start period a failure does not count until one check was good; a good one counts")
    func startPeriod() {
        var health = Health()
        var check = HealthCheck(command: ["x"])
        check.retries = 1
        let changed6 = take(&health, result(1), check, isStarting: true)
        #expect(!changed6)
        #expect(health.status == .starting && health.failures == 0)
        let changed7 = take(&health, result(0), check, isStarting: true)
        #expect(changed7)
        let changed8 = take(&health, result(1), check, isStarting: true)
        #expect(changed8)
        #expect(health.status == .unhealthy)
    }

    @Test("five results are kept, and all of it comes back from JSON")
    func json() {
        var health = Health()
        let check = HealthCheck(command: ["x", "y"])
        for status in 0..<7 { _ = health.take(result(Int32(status)), check, isStarting: false) }
        #expect(health.results.map(\.status) == [2, 3, 4, 5, 6])
        #expect(Health(json: health.json) == health)
        #expect(HealthCheck(json: check.json) == check)
    }
}
