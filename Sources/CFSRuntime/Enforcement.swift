import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// Which members of a configuration this runtime, or this machine, cannot enforce: they are refused, never dropped.
enum Enforcement {
    /// - Throws: `kernelUnsupported` that names the field and the reason.
    static func check(_ spec: RuntimeSpec) throws(CFSError) {
        try check(spec.process)
        let linux = spec.linux
        if linux.mountLabel?.isEmpty == false {
            throw unsupported("linux.mountLabel", "labels of mounts are not set by this runtime")
        }
        if let intelRdt = linux.intelRdt, intelRdt != .object(JSONObject()) {
            throw unsupported("linux.intelRdt", "the resource director (resctrl) is not used by this runtime")
        }
        try checkMeaning(linux)
    }

    /// What would be without effect, though it says something.
    private static func checkMeaning(_ linux: RuntimeSpec.Linux) throws(CFSError) {
        func fault(_ field: String, _ what: String) -> CFSError {
            CFSError(.invalidConfiguration, .parsing, "\(field) \(what)")
        }
        if !linux.namespaces.contains(where: { $0.type == "user" }) {
            for (name, map) in [("uidMappings", linux.uidMappings), ("gidMappings", linux.gidMappings)]
            where !map.isEmpty { throw fault("linux.\(name)", "needs a user namespace, and the container has none") }
        }
        for (name, paths) in [("maskedPaths", linux.maskedPaths), ("readonlyPaths", linux.readonlyPaths)] {
            for (index, path) in paths.enumerated() where !path.isAbsolutePath {
                throw fault("linux.\(name)[\(index)]", "must be an absolute path, not \"\(path)\"")
            }
        }
        for device in linux.resources?.rdma ?? [] where device.hcaHandles == nil && device.hcaObjects == nil {
            throw fault("linux.resources.rdma.\(device.device)", "must say hcaHandles or hcaObjects")
        }
        for (index, device) in (linux.resources?.blockIO?.weightDevice ?? []).enumerated()
        where device.weight == nil && device.leafWeight == nil {
            throw fault("linux.resources.blockIO.weightDevice[\(index)]", "must say weight or leafWeight")
        }
    }

    static func check(_ process: RuntimeSpec.Process) throws(CFSError) {
        if process.selinuxLabel?.isEmpty == false, !hasSELinux {
            throw unsupported("process.selinuxLabel", "this kernel does not run SELinux")
        }
        if process.apparmorProfile?.isEmpty == false, !hasAppArmor {
            throw unsupported("process.apparmorProfile", "this kernel does not run AppArmor")
        }
    }

    static var hasSELinux: Bool { File.exists("/sys/fs/selinux/enforce") }

    static var hasAppArmor: Bool {
        let opened = File.tryOpen("/sys/module/apparmor/parameters/enabled", .read)
        guard opened >= 0 else { return false }
        let file = OwnedFD(opened)
        var letter: UInt8 = 0
        return withUnsafeMutableBytes(of: &letter) { File.read(file.raw, into: $0) } == 1 && letter == UInt8(ascii: "Y")
    }

    private static func unsupported(_ field: String, _ why: String) -> CFSError {
        CFSError(.kernelUnsupported, .parsing, "\(field) cannot be set: \(why)")
    }

    /// Takes away the capabilities that cannot be granted, and says which: those that the kernel does not know, and those
    /// that this process has not itself, unless a user namespace of the container gives them. A configuration that asks for
    /// them is not refused (runtime-spec 1.3.0, config.md, capabilities).
    ///
    /// - Returns: a sentence for each set, for the log.
    static func grantable(_ process: inout RuntimeSpec.Process, inUserNamespace: Bool) throws(CFSError) -> [String] {
        guard var sets = process.capabilities else { return [] }
        let ours = inUserNamespace ? Capability.all : try Capability.permitted()
        let bound = inUserNamespace ? Capability.all : try Capability.bounding()
        var dropped: [String] = []
        func keep(_ names: inout [String], among granted: UInt64) {
            names = names.filter { name in
                let bit = Capability.bit(ofFullName: name)
                if granted & bit != 0 { return true }
                let text =
                    bit != 0
                    ? "the capability \(name) cannot be granted: the runtime has not got it"
                    : "the capability \(name) is not known"
                if !dropped.contains(text) { dropped.append(text) }
                return false
            }
        }
        keep(&sets.bounding, among: bound)
        keep(&sets.permitted, among: ours)
        keep(&sets.effective, among: sets.permitted.reduce(0) { $0 | Capability.bit(ofFullName: $1) })
        keep(&sets.inheritable, among: bound)
        sets.ambient = sets.ambient.filter { name in
            if sets.permitted.contains(name) && sets.inheritable.contains(name) { return true }
            dropped.append("the capability \(name) cannot be ambient: it is not both permitted and inheritable")
            return false
        }
        process.capabilities = sets
        return dropped
    }
}
