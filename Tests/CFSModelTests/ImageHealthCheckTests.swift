import CFSModel
import Testing

@Suite("Health checks as images say them")
struct ImageHealthCheckTests {
    private func image(_ test: [String]) -> ImageHealthCheck {
        var image = ImageHealthCheck()
        image.test = test
        return image
    }

    @Test("CMD is words, CMD-SHELL a line for the shell, and all else is no check")
    func commands() {
        #expect(image(["CMD", "a", "b c"]).check?.command == ["a", "b c"])
        #expect(image(["CMD-SHELL", "a | b"]).check?.command == ["/bin/sh", "-c", "a | b"])
        for test in [[], ["NONE"], ["CMD"], ["CMD", ""], ["CMD-SHELL"], ["CMD-SHELL", ""], ["a"], ["CMD", "a\0b"]] {
            #expect(image(test).check == nil, "\(test)")
        }
    }

    @Test("what is not said has the default, and what no flag takes becomes the nearest that one does")
    func bounds() {
        #expect(image(["CMD", "x"]).check == HealthCheck(command: ["x"]))
        var small = image(["CMD", "x"])
        (small.interval, small.timeout, small.retries) = (1, 1, 1)
        #expect(small.check?.interval == 1_000_000_000 && small.check?.timeout == 1_000_000)
        #expect(small.check?.retries == 1)
        var large = small
        (large.interval, large.timeout, large.startPeriod, large.retries) = (.max, .max, .max, .max)
        let day: UInt64 = 86_400_000_000_000
        #expect(large.check?.interval == day && large.check?.timeout == day && large.check?.startPeriod == day)
        #expect(large.check?.retries == 1_000_000)
    }

    @Test("it is written as it was read, without what is not said")
    func document() {
        var full = image(["CMD-SHELL", "x"])
        (full.interval, full.timeout, full.startPeriod, full.startInterval, full.retries) = (1, 2, 3, 4, 5)
        #expect(ImageHealthCheck(json: full.json) == full)
        #expect(image(["NONE"]).json == ["Test": ["NONE"]])
        #expect(ImageHealthCheck(json: [:]) == nil)
    }

    @Test("changes replace what they name")
    func changes() {
        var check = HealthCheck(command: ["x"])
        var changes = HealthChanges()
        changes.interval = 7
        changes.retries = 2
        changes.apply(to: &check)
        #expect(check.interval == 7 && check.retries == 2 && check.timeout == HealthCheck(command: ["x"]).timeout)
    }
}
