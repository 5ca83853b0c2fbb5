import CFSCgroups
import CFSModel

/// What OCI resources make the library write, as `file: value` lines in order.
func written(_ change: (inout RuntimeSpec.Resources) -> Void) throws(CFSError) -> [String] {
    var resources = RuntimeSpec.Resources()
    change(&resources)
    return try CgroupSettings(resources).entries.map { "\($0.file): \($0.value)" }
}

func writtenCPU(_ change: (inout RuntimeSpec.CPU) -> Void) throws(CFSError) -> [String] {
    var cpu = RuntimeSpec.CPU()
    change(&cpu)
    return try written { $0.cpu = cpu }
}

func writtenMemory(_ change: (inout RuntimeSpec.Memory) -> Void) throws(CFSError) -> [String] {
    var memory = RuntimeSpec.Memory()
    change(&memory)
    return try written { $0.memory = memory }
}

func writtenIO(_ change: (inout RuntimeSpec.BlockIO) -> Void) throws(CFSError) -> [String] {
    var blockIO = RuntimeSpec.BlockIO()
    change(&blockIO)
    return try written { $0.blockIO = blockIO }
}
