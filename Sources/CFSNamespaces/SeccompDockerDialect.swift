import CFSLinux
import CFSModel

/// What Docker's profiles have beyond the OCI form: rules that are meant for some containers or machines only.
struct DockerDialect {
    /// The container's bounding set.
    let capabilities: UInt64
    let kernel: KernelVersion

    /// `archMap`: of its entries the one for this machine, with the architectures below it.
    func architectures(_ map: JSON) throws(CFSError) -> [SeccompArchitecture] {
        guard let entries = map.array else { throw SeccompProfile.fault("seccomp.archMap", "must be an array") }
        var found: [SeccompArchitecture] = []
        for (index, json) in entries.enumerated() {
            let place = "seccomp.archMap[\(index)]"
            var fields = try JSONFields(json, what: place)
            let name = try fields.string("architecture") ?? ""
            let architecture = try SeccompProfile.values(SeccompArchitecture.self, [name], "\(place).architecture")
            let below = try SeccompProfile.values(
                SeccompArchitecture.self, try fields.strings("subArchitectures"), "\(place).subArchitectures")
            try fields.finish()
            if architecture == [.native] { found = architecture + below }
        }
        return found
    }

    /// `includes` or `excludes`.
    struct Filter {
        private var capabilities: UInt64 = 0
        private var architectures: [String]
        private var kernel: KernelVersion?

        init(_ json: JSON, at place: String) throws(CFSError) {
            var fields = try JSONFields(json, what: place)
            for name in try fields.strings("caps") {
                do throws(CFSError) {
                    capabilities |= try Capability.parse(name)
                } catch {
                    var fault = SeccompProfile.fault("\(place).caps", "does not know \"\(name)\"")
                    fault.hint = error.hint
                    throw fault
                }
            }
            architectures = try fields.strings("arches")
            if let text = try fields.string("minKernel") {
                guard let version = KernelVersion(text) else {
                    throw SeccompProfile.fault("\(place).minKernel", "\"\(text)\" is not a version such as 4.8")
                }
                kernel = version
            }
            try fields.finish()
        }

        /// All that is named must hold.
        func includes(_ dialect: DockerDialect) -> Bool {
            (architectures.isEmpty || architectures.contains(SeccompArchitecture.nativeDockerName))
                && capabilities & ~dialect.capabilities == 0 && (kernel.map { dialect.kernel >= $0 } ?? true)
        }

        /// Any of what is named is enough.
        func excludes(_ dialect: DockerDialect) -> Bool {
            architectures.contains(SeccompArchitecture.nativeDockerName) || capabilities & dialect.capabilities != 0
                || (kernel.map { dialect.kernel >= $0 } ?? false)
        }
    }
}
