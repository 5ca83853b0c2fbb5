import CFSLinux
import CFSModel
import CFSNamespaces
import CLinux
import Glibc

/// The entry of `cfs-runtime root`: mounts the root file system of a container, sends the mount to whoever asked, and ends.
/// Descriptor 3 is the socket of whoever started it.
///
/// The mount is attached nowhere, and lives as long as somebody holds it. It takes a process of its own because making it
/// means cloning, and entering namespaces, which a process with threads cannot.
public enum RootMain {
    /// - Parameter container: the container's folder.
    public static func run(container: String) -> Never {
        _ = fcntl(MonitorMain.starterSocket, F_SETFD, FD_CLOEXEC)
        _ = umask(0)
        let starter = SharedFD(OwnedFD(MonitorMain.starterSocket))
        do throws(CFSError) {
            // One message: with the mount namespace of a container that runs, or without.
            guard let (_, descriptors) = try MessageSocket.receive(starter.raw) else { exit(0) }
            let root: OwnedFD
            if let namespace = descriptors.first {
                root = try RootMount.copy(from: namespace)
            } else {
                let folder = ContainerFolder(container: container, run: "")
                var request = try folder.readRequest()
                // What was not written to the disk would be found there by whoever mounts it next.
                request.isVolatile = false
                request.seccompFilter = nil
                root = try RootMount.make(try LaunchPlan(request, folder))
            }
            try MessageSocket.send(starter.raw, MonitorMessage.started(pid: 0).bytes, descriptors: [root.raw])
        } catch {
            let bytes = MonitorMessage.failed(error).bytes
            _ = bytes.withUnsafeBytes { cfs_send_fds(starter.raw, $0.baseAddress, $0.count, nil, 0, 0) }
            exit(125)
        }
        exit(0)
    }
}
