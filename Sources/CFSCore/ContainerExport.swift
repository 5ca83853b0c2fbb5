import CFSImages
import CFSLayers
import CFSLinux
import CFSModel
import Glibc

extension Container {
    /// Writes the container's root file system as a tar that appears whole or not at all: what its image has and what it
    /// has changed, with the owners that are seen inside. Volumes and other mounts do not come along.
    ///
    /// Works in every state. Of a container that runs, a file that changes meanwhile is read as it happens to be.
    ///
    /// - Parameters:
    ///   - path: of the new file; one that is there is replaced.
    ///   - interruption: how to end it before it is done.
    public func export(to path: String, interruption: StartInterruption? = nil) throws(CFSError) {
        let root = try openRoot(.own)
        try ExportedFile.write(to: path, suggesting: "root.tar") { sink throws(CFSError) in
            try pack(root, to: sink, interruption)
        }
        noteDone("export")
        extendLifetime(root)
    }

    /// Writes the same bytes to a descriptor, which stays the caller's: a pipe, for example. What was written when this
    /// throws is no archive.
    ///
    /// - Parameter name: of the descriptor, for errors.
    public func export(toDescriptor descriptor: Int32, name: String? = nil) throws(CFSError) {
        let root = try openRoot(.own)
        let sink = try DescriptorSink.make(descriptor, name)
        try pack(root, to: sink)
        try sink.flush()
        noteDone("export")
        extendLifetime(root)
    }

    private func pack(
        _ root: ContainerRoot, to sink: any ByteSink, _ interruption: StartInterruption? = nil
    ) throws(CFSError) {
        let reader = try FolderReader(root.root, as: nil, owners: root.owners, limits: .unlimited)
        try TarWriter(sink).writeAll(WatchedReader(InterruptibleReader.make(reader, interruption), of: self))
    }
}

/// A sink that writes to the caller's descriptor.
enum DescriptorSink {
    static func make(_ descriptor: Int32, _ name: String?) throws(CFSError) -> BufferedSink {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        try checked(copy == -1 ? -Int(errno) : 0, "fcntl", .recording, path: name)
        return BufferedSink(FileSink(OwnedFD(copy), path: name))
    }
}
