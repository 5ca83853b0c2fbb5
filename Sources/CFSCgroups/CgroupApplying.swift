import CFSLinux
import CFSModel
import CLinux
import Glibc

extension Cgroup {
    /// Writes settings to it, also while processes live in it. When one is refused, those written before it get their
    /// former values back.
    ///
    /// - Throws: `cgroupControllerUnavailable` when a controller was not handed down; `invalidConfiguration` for a value
    ///   that the kernel, or this machine, does not allow, naming it and what is allowed; `conflict` for a memory limit
    ///   below what is in use, when the settings ask for that check.
    public func apply(_ settings: CgroupSettings) throws(CFSError) {
        try seeToControllers(of: settings)
        if settings.checksMemoryInUse { try checkMemoryInUse(settings) }
        for setting in settings.entries where setting.controller == .cpuset { try checkNumbers(setting) }
        var undo: [CgroupSetting] = []
        do throws(CFSError) {
            // A value may be refused because of another one that is still to come: a quota below the former burst.
            var later: [CgroupSetting] = []
            for setting in settings.entries {
                let former = try formerValue(of: setting)
                let result = write(setting)
                if result == -ErrorCode.invalid {
                    later.append(setting)
                    continue
                }
                if result < 0 { throw try refusal(of: setting, result) }
                if let former { undo.append(former) }
            }
            for setting in later {
                let former = try formerValue(of: setting)
                let result = write(setting)
                if result < 0 { throw try refusal(of: setting, result) }
                if let former { undo.append(former) }
            }
            if let devices = settings.devices { try limit(devices) }
        } catch {
            for former in undo.reversed() { _ = write(former) }
            throw error
        }
    }

    /// The same for a cgroup that was made a moment ago: there is nothing to go back to, and its controllers are most
    /// often there, since the container before it needed them too.
    func applyToNew(_ settings: CgroupSettings) throws(CFSError) {
        var hasControllers = false
        for setting in settings.entries {
            var result = hasControllers ? write(setting) : attempt(setting)
            if result == -ErrorCode.notFound {
                if !hasControllers { try seeToControllers(of: settings) }
                hasControllers = true
                result = write(setting)
            }
            // A cgroup that names what is not there is thrown away with this, before anything lives in it.
            if setting.controller == .cpuset { try checkNumbers(setting) }
            if result < 0 { throw try refusal(of: setting, result) }
        }
        if let devices = settings.devices { try limit(devices) }
    }

    /// Makes a filter the one that holds for it, also while processes live in it.
    public func limit(_ devices: DeviceFilter) throws(CFSError) {
        try DeviceProgram.install(devices, at: descriptor, path: path)
    }

    private func write(_ setting: CgroupSetting) -> Int {
        let result = attempt(setting)
        guard result == -ErrorCode.notFound else { return result }
        switch setting.absence {
        case .isFine: return 0
        case .isFineWithoutSwap: return File.exists("/proc/swaps") ? result : 0
        case .fails, .isReplaced: return result
        }
    }

    private func attempt(_ setting: CgroupSetting) -> Int {
        let result = tryWrite(setting.value, to: setting.file)
        guard case .isReplaced(let file, let value) = setting.absence else { return result }
        // Each disk heeds one of the two, by its scheduler, so both are told where both are there.
        let other = tryWrite(value, to: file)
        return result == -ErrorCode.notFound ? other : result
    }

    /// What undoes a setting; nil when the file says nothing that could be written back.
    private func formerValue(of setting: CgroupSetting) throws(CFSError) -> CgroupSetting? {
        let result = File.tryOpen(setting.file, .read, at: descriptor)
        guard result >= 0 else { return nil }
        let file = OwnedFD(result)
        let text = String(decoding: try File.readAll(file.raw, path: "\(path)/\(setting.file)"), as: UTF8.self)
        return FormerValue.of(setting, text: text).map { CgroupSetting(setting.file, $0, setting.name) }
    }

    // MARK: What is checked before

    /// A container that was made without limits may be given some later: its controllers are handed down then.
    private func seeToControllers(of settings: CgroupSettings) throws(CFSError) {
        let needed = settings.controllers
        if needed.isEmpty { return }
        let there = try CgroupHierarchy.words(of: "\(path)/cgroup.controllers")
        let lacking = needed.filter { !there.contains($0.rawValue) }
        if !lacking.isEmpty { try CgroupHierarchy(holding: path).enable(lacking, for: settings) }
    }

    /// The kernel takes processors that are not there, and then limits nothing; so they are checked here.
    private func checkNumbers(_ setting: CgroupSetting) throws(CFSError) {
        guard setting.file == "cpuset.cpus" || setting.file == "cpuset.mems" else { return }
        let above = File.tryOpen("../\(setting.file).effective", .read, at: descriptor)
        guard above >= 0 else { return }
        let file = OwnedFD(above)
        let text = String(
            decoding: try File.readAll(file.raw, path: "\(path)/../\(setting.file).effective"), as: UTF8.self)
        let allowed = try IndexList(text)
        let wanted: IndexList
        do {
            wanted = try IndexList(setting.value)
        } catch {
            throw CFSError.limit(setting.name, "\"\(setting.value)\"", "is not a list of numbers", hint: error.hint)
        }
        guard let first = wanted.subtracting(allowed).first else { return }
        let what = setting.file == "cpuset.cpus" ? "processor" : "memory node"
        throw CFSError.limit(
            setting.name, setting.value, "names the \(what) \(first), which is not there: \(allowed) are possible")
    }

    private func checkMemoryInUse(_ settings: CgroupSettings) throws(CFSError) {
        guard let setting = settings.entries.last(where: { $0.file == "memory.max" }),
            let limit = Self.bytes(setting.value)
        else { return }
        let opened = File.tryOpen("memory.current", .read, at: descriptor)
        guard opened >= 0 else { return }
        let file = OwnedFD(opened)
        let bytes = try File.readAll(file.raw, path: "\(path)/memory.current")
        guard
            let current = bytes.withUnsafeBytes({ UnsafeRawBufferPointer(rebasing: $0.prefix { $0 != 0x0a }).number }),
            current > limit
        else { return }
        throw CFSError(
            .conflict, .limiting,
            "\(setting.name) of \(limit) bytes is below what is in use: \(current) bytes (\(ByteCount(current)))",
            path: "\(path)/memory.current", hint: "a limit below it would make the kernel kill")
    }

    /// Nil for `max`, and for what the kernel will refuse. It takes the units of memparse, too: `64M`.
    private static func bytes(_ value: String) -> UInt64? {
        if let bytes = UInt64(value) { return bytes }
        do throws(CFSError) { return try ByteCount(value).bytes } catch { return nil }
    }

    // MARK: What the kernel refused

    private func refusal(of setting: CgroupSetting, _ result: Int) throws(CFSError) -> CFSError {
        let file = "\(path)/\(setting.file)"
        if result == -ErrorCode.notFound { return try missing(setting, file) }
        var error = CFSError(kernel: Int32(-result), "write", .limiting, path: file)
        let allowed = KernelRules.allowed(in: setting.file)
        switch -result {
        case ErrorCode.invalid, Int(ERANGE), Int(EOVERFLOW), Int(ENOSPC):
            error.code = .invalidConfiguration
            error.message = "\(setting.name): the kernel does not take \"\(setting.value)\" for \(setting.file)"
            if let allowed { error.message += ": \(allowed)" }
        case Int(ENODEV), ErrorCode.noDevice:
            error.code = .invalidConfiguration
            error.message = "\(setting.name): the kernel knows no such disk: \"\(setting.value)\""
            error.hint = "limits of io are for whole disks, not for partitions: /proc/partitions lists both"
        case Int(EOPNOTSUPP):
            error.code = .kernelUnsupported
            error.message = "\(setting.name): the kernel cannot do this here: \"\(setting.value)\" for \(setting.file)"
            if let allowed { error.message += ": \(allowed)" }
        default:
            error.message = "\(setting.name): writing \"\(setting.value)\" to \(file) failed"
        }
        return error
    }

    private func missing(_ setting: CgroupSetting, _ file: String) throws(CFSError) -> CFSError {
        var hint = KernelRules.needed(for: setting.file)
        if setting.controller == .hugetlb {
            let names = try Directory.names(descriptor).filter { $0.hasPrefix("hugetlb.") && $0.hasSuffix(".max") }
            let sizes = names.compactMap { name -> String? in
                let parts = name.split(separator: ".")
                return parts.count == 3 ? String(parts[1]) : nil
            }
            hint = "huge pages of this machine: \(sizes.sorted().text(separator: ", "))"
        }
        return CFSError(
            .kernelUnsupported, .limiting, "\(setting.name) cannot be set: this kernel has no \(setting.file)",
            path: file, hint: hint)
    }
}
