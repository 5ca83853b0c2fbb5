import CFSCgroups
import CFSModel
import Testing

@Suite("Limits to some processors")
struct CpusetTests {
    @Test("lists of processors and memory nodes are written as the kernel writes them")
    func lists() throws {
        #expect(
            try writtenCPU { ($0.cpus, $0.mems) = ("3,0-1", "0") } == ["cpuset.cpus: 0-1,3", "cpuset.mems: 0"])
    }

    @Test("what is no list is refused by the field's name and the value")
    func refusal() {
        let error = #expect(throws: CFSError.self) { try writtenCPU { $0.cpus = "0-x" } }
        #expect(error?.message == "linux.resources.cpu.cpus of \"0-x\" is not a list of numbers")
        #expect(error?.hint == "write numbers and ranges: 0-3,6")
        let other = #expect(throws: CFSError.self) { try writtenCPU { $0.mems = "1-0" } }
        #expect(other?.message == "linux.resources.cpu.mems of \"1-0\" is not a list of numbers")
    }
}
