import CFSLinux
import CFSModel

extension FileSystemContext {
    /// Gives a new file system its options, `key=value` or a word. What the kernel refuses is told with the mount's target.
    func set(_ options: [String], of mount: MountPlan) throws(CFSError) {
        for option in options {
            do throws(CFSError) {
                if let equals = option.firstIndex(of: "=") {
                    try set(String(option[..<equals]), String(option[option.index(after: equals)...]))
                } else {
                    try set(flag: option)
                }
            } catch {
                var named = error
                named.message = "the mount at \(mount.target) cannot have the option \"\(option)\": \(error.message)"
                named.path = mount.target
                throw named
            }
        }
    }

    /// Creates the file system and a detached mount of it, with the attributes and the propagation of a plan.
    func mount(_ mount: MountPlan) throws(CFSError) -> OwnedFD {
        if !mount.sourceName.isEmpty { try set("source", mount.sourceName) }
        let tree = try self.mount(mount.set)
        // A new mount is private.
        if let propagation = mount.propagation, ![.private, .rprivate].contains(propagation) {
            try Mounting.setAttributes(tree.raw, propagation: propagation)
        }
        return tree
    }
}
