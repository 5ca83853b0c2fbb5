import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Puts a device filter into the kernel (bpf(2)). The cgroup holds the program: it goes with the cgroup.
enum DeviceProgram {
    /// How ours are known among those that others attached.
    private static let name = "cfs_devices"

    /// Makes the filter the only one of ours on a cgroup. At no moment is there none: a new one is attached in the place
    /// of the old one, or before the old one is taken away, and of two both must allow.
    static func install(_ filter: DeviceFilter, at cgroup: Int32, path: String) throws(CFSError) {
        let old = try attached(to: cgroup, path)
        if filter.allowsEverything {
            for program in old { try detach(program.raw, cgroup, path) }
            return
        }
        guard filter.rules.count <= DeviceFilter.mostRules else {
            throw CFSError(
                .limitExceeded, .limiting,
                "\(filter.rules.count) rules for devices are too many: \(DeviceFilter.mostRules) are possible")
        }
        let program = try load(filter.program(), path)
        if let first = old.first {
            let replaced = Int(cfs_bpf_attach_device_program(cgroup, program.raw, first.raw))
            if replaced >= 0 {
                for rest in old.dropFirst() { try detach(rest.raw, cgroup, path) }
                return
            }
            // A kernel before 5.6 does not know BPF_F_REPLACE.
            if replaced != -ErrorCode.invalid { throw refusal(replaced, "BPF_PROG_ATTACH", path) }
        }
        let result = Int(cfs_bpf_attach_device_program(cgroup, program.raw, -1))
        guard result >= 0 else { throw refusal(result, "BPF_PROG_ATTACH", path) }
        for program in old { try detach(program.raw, cgroup, path) }
    }

    // MARK: Loading

    private static func load(_ program: [BPFInstruction], _ path: String) throws(CFSError) -> OwnedFD {
        var result = tryLoad(program, nil)
        if result == -ErrorCode.notPermitted || result == -Int(ENOMEM) {
            // Kernels before 5.11 count programs against RLIMIT_MEMLOCK.
            result = withMemoryLockLimitRaised { tryLoad(program, nil) } ?? result
        }
        if result >= 0 { return OwnedFD(result) }
        let log = [CChar](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            buffer.initialize(repeating: 0)
            count = buffer.count
            let again = tryLoad(program, buffer)
            if again >= 0 { _ = close(Int32(again)) }
        }
        var error = refusal(result, "BPF_PROG_LOAD", path)
        let words = String(decoding: log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if !words.isEmpty { error.message += "; the kernel's verifier says: \(words)" }
        throw error
    }

    private static func tryLoad(_ program: [BPFInstruction], _ log: UnsafeMutableBufferPointer<CChar>?) -> Int {
        program.withUnsafeBufferPointer { instructions in
            Int(
                cfs_bpf_load_device_program(
                    instructions.baseAddress, UInt32(instructions.count), name, log?.baseAddress,
                    UInt32(log?.count ?? 0)))
        }
    }

    /// Nil when the limit cannot be raised.
    private static func withMemoryLockLimitRaised(_ body: () -> Int) -> Int? {
        let memoryLock: Int32 = 8
        var (soft, hard): (UInt64, UInt64) = (0, 0)
        guard cfs_getrlimit(memoryLock, &soft, &hard) == 0 else { return nil }
        if cfs_setrlimit(memoryLock, .max, .max) < 0 {
            guard soft < hard, cfs_setrlimit(memoryLock, hard, hard) == 0 else { return nil }
        }
        defer { _ = cfs_setrlimit(memoryLock, soft, hard) }
        return body()
    }

    // MARK: What is attached

    private static func attached(to cgroup: Int32, _ path: String) throws(CFSError) -> [SharedFD] {
        // The kernel attaches at most 64 of a type to one cgroup (BPF_CGROUP_MAX_PROGS).
        var ids = [UInt32](repeating: 0, count: 64)
        var count = UInt32(ids.count)
        let result = Int(cfs_bpf_device_programs(cgroup, &ids, &count))
        guard result >= 0 else { throw refusal(result, "BPF_PROG_QUERY", path) }
        var ours: [SharedFD] = []
        for id in ids.prefix(Int(count)) {
            let opened = Int(cfs_bpf_program_by_id(id))
            // Detached by somebody in this moment.
            if opened == -ErrorCode.notFound { continue }
            guard opened >= 0 else { throw refusal(opened, "BPF_PROG_GET_FD_BY_ID", path) }
            let program = SharedFD(OwnedFD(opened))
            if isOurs(program.raw) { ours.append(program) }
        }
        return ours
    }

    private static func isOurs(_ program: Int32) -> Bool {
        var text = [CChar](repeating: 0, count: 16)
        guard cfs_bpf_program_name(program, &text) == 0 else { return false }
        return text.prefix { $0 != 0 }.elementsEqual(name.utf8.map { CChar(bitPattern: $0) })
    }

    private static func detach(_ program: Int32, _ cgroup: Int32, _ path: String) throws(CFSError) {
        let result = Int(cfs_bpf_detach_device_program(cgroup, program))
        if result == -ErrorCode.notFound { return }
        guard result >= 0 else { throw refusal(result, "BPF_PROG_DETACH", path) }
    }

    private static func refusal(_ result: Int, _ command: String, _ path: String) -> CFSError {
        var error = CFSError(kernel: Int32(-result), "bpf", .limiting, path: path)
        error.message = "the device filter of \(path) failed at \(command)"
        switch -result {
        case ErrorCode.notPermitted, ErrorCode.access:
            error.hint = "it needs CAP_BPF or CAP_SYS_ADMIN on the host: in a user namespace there is no device filter"
        case ErrorCode.noSystemCall, ErrorCode.invalid:
            error.hint = "the kernel needs CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF"
        default: break
        }
        return error
    }
}
