import CFSCgroups
import CFSModel
import Testing

@Suite("Limits of huge pages")
struct HugeTLBTests {
    @Test("each size has files of its own, for pages and for reservations")
    func conversion() throws {
        #expect(
            try written { $0.hugepageLimits = [.init(pageSize: "2MB", limit: 4_194_304)] } == [
                "hugetlb.2MB.max: 4194304", "hugetlb.2MB.rsvd.max: 4194304",
            ])
    }

    @Test(
        "a size that is not written as the kernel does is refused",
        arguments: ["64kB", "2M", "MB", "02MB", "", "2MB/../x", "-2MB", "2 MB", "2TB"])
    func refusal(size: String) {
        let error = #expect(throws: CFSError.self) {
            try written { $0.hugepageLimits = [.init(pageSize: size, limit: 1)] }
        }
        #expect(error?.message == "linux.resources.hugepageLimits has no page size \"\(size)\"")
        let typed = #expect(throws: CFSError.self) { try HugeTLBLimit(pageSize: size, limit: .unlimited) }
        #expect(typed?.code == .invalidArgument)
    }
}
