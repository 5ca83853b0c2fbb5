import CFSCore

/// What the container sees of file systems and devices.
package struct FileSystemOptions {
    package static let optionNames = OptionNames(
        flags: ["read-only"], values: ["shm-size"], lists: ["volume v", "mount", "tmpfs", "device"])

    package let volume: [String]
    package let mount: [String]
    package let tmpfs: [String]
    package let shmSize: String?
    package let readOnly: Bool
    package let device: [String]

    package init(_ arguments: CanonicalArguments) {
        volume = arguments.values("volume")
        mount = arguments.values("mount")
        tmpfs = arguments.values("tmpfs")
        shmSize = arguments.value("shm-size")
        readOnly = arguments.has("read-only")
        device = arguments.values("device")
    }

    package func fill(_ spec: inout ContainerSpec, _ caller: Caller) throws(CFSError) {
        spec.readOnlyRoot = readOnly
        for text in volume { spec.mounts.append(try VolumeSyntax.mount(text, caller)) }
        for text in mount { spec.mounts.append(try MountSyntax.mount(text, caller)) }
        for text in tmpfs { spec.mounts.append(try TmpfsSyntax.mount(text)) }
        if let shmSize { spec.sharedMemorySize = try TmpfsSyntax.sharedMemory(shmSize) }
        for text in device { spec.devices.append(try DeviceSyntax.device(text)) }
        try Self.checkTargets(spec.mounts)
    }

    private static func checkTargets(_ mounts: [MountRequest]) throws(CFSError) {
        for (index, mount) in mounts.enumerated() where mounts[..<index].contains(where: { $0.target == mount.target })
        {
            throw CFSError(.invalidArgument, .parsing, "two mounts have the target \(mount.target)", path: mount.target)
        }
    }
}
