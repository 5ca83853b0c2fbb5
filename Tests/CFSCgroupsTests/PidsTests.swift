import CFSCgroups
import CFSModel
import Testing

@Suite("Limits of the number of processes")
struct PidsTests {
    @Test(
        "-1 is without limit, and zero leaves room for the first process",
        arguments: [(-1, "max"), (0, "1"), (1, "1"), (4096, "4096")] as [(Int64, String)])
    func conversion(limit: Int64, file: String) throws {
        #expect(try written { $0.pids = .init(limit: limit) } == ["pids.max: \(file)"])
    }

    @Test("other negative numbers are refused")
    func refusal() {
        let error = #expect(throws: CFSError.self) { try written { $0.pids = .init(limit: -2) } }
        #expect(error?.message.hasPrefix("linux.resources.pids.limit of -2 is out of range") == true)
    }
}
