import CFSCgroups
import CFSModel
import Testing

@Suite("Limits of countable things")
struct MiscTests {
    @Test("each is a line with its name")
    func typed() throws {
        var limits = CgroupLimits()
        limits.misc = [
            try MiscLimit(resource: "sev", limit: .at(3)), try MiscLimit(resource: "sev_es", limit: .unlimited),
        ]
        #expect(
            try CgroupSettings(limits).entries.map { "\($0.file): \($0.value)" } == [
                "misc.max: sev 3", "misc.max: sev_es max",
            ])
    }

    @Test("a name with a space is refused", arguments: ["", "a b", "a\n"])
    func refusal(name: String) {
        let error = #expect(throws: CFSError.self) { try MiscLimit(resource: name, limit: .unlimited) }
        #expect(error?.code == .invalidArgument)
    }
}
