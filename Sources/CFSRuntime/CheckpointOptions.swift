import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// What `checkpoint` and `restore` can be told, as callers tell runc, and what CRIU is told of it.
struct CheckpointOptions {
    static let both: [RuntimeOption] = [
        .value("image-path", placeholder: "DIR", help: "folder of the image (default: checkpoint)"),
        .value(
            "work-path", placeholder: "DIR", help: "folder of CRIU's log and statistics (default: that of the image)"),
        .flag("tcp-established", help: "with TCP connections that are open"),
        .flag("ext-unix-sk", help: "with Unix sockets whose other end is outside"),
        .flag("shell-job", help: "with a session and a terminal that are the caller's"),
        .flag("lazy-pages", help: "memory follows when it is needed, from CRIU's lazy-pages daemon"),
        .flag("file-locks", help: "with locks of files"),
        .flag("link-remap", help: "with open files that have no name any more, by a link in their folder"),
        .value(
            "manage-cgroups-mode", placeholder: "soft|full|strict|ignore",
            help: "what becomes of cgroups and their limits (default: soft)"),
        .value("empty-ns", placeholder: "network", help: "without what is in the network namespace"),
        .flag("auto-dedup", help: "without pages of memory that a later image has"),
    ]

    private static let modes = ["ignore": 0, "none": 1, "props": 2, "soft": 3, "full": 4, "strict": 5]

    let image: String
    let work: String
    private let arguments: RuntimeArguments
    private let mode: Int?
    private let isNetworkEmpty: Bool

    init(_ arguments: RuntimeArguments) throws(CFSError) {
        self.arguments = arguments
        image = try HostPath.absolute(Self.text(arguments["image-path"]) ?? "checkpoint")
        work =
            try Self.text(arguments["work-path"]).map { path throws(CFSError) in try HostPath.absolute(path) } ?? image
        mode = try Self.text(arguments["manage-cgroups-mode"]).map { name throws(CFSError) in
            guard let mode = Self.modes[name] else {
                throw RuntimeArguments.fault("invalid value \"\(name)\" for -manage-cgroups-mode")
            }
            return mode
        }
        for name in arguments.list("empty-ns") where name != "network" {
            throw RuntimeArguments.fault("invalid value \"\(name)\" for -empty-ns: network is possible")
        }
        isNetworkEmpty = !arguments.list("empty-ns").isEmpty
    }

    /// Callers give empty values for what they do not ask for.
    static func text(_ value: String?) -> String? { value.flatMap { $0.isEmpty ? nil : $0 } }

    var managesCgroups: Bool { mode != Self.modes["ignore"] }

    /// The folders of the image and of CRIU's log, made where they are not there.
    func openFolders() throws(CFSError) -> (image: SharedFD, work: SharedFD) {
        for path in [image, work] { try Directory.makeAll(path) }
        return (SharedFD(try Directory.open(image)), SharedFD(try Directory.open(work)))
    }

    /// What holds for every request.
    ///
    /// - Parameters:
    ///   - folders: open in this process, where CRIU finds them.
    ///   - spec: the container's configuration.
    func message(
        _ kind: CRIUService.Kind, _ folders: (image: SharedFD, work: SharedFD), _ spec: RuntimeSpec
    ) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.set(1, Int(folders.image.raw))
        message.set(17, Int(folders.work.raw))
        for (field, name) in [
            (4, "ext-unix-sk"), (5, "tcp-established"), (7, "shell-job"), (8, "file-locks"), (16, "auto-dedup"),
            (18, "link-remap"), (48, "lazy-pages"),
        ] where arguments.has(name) { message.set(field, true) }
        // All that CRIU writes into its log: whoever reads it wants to know what went wrong.
        message.set(9, 4)
        message.set(10, kind.log)
        message.set(12, true)
        message.set(24, managesCgroups)
        if let mode { message.set(34, mode) }
        if isNetworkEmpty { message.set(38, Int(NamespaceFlags.network.rawValue)) }
        if spec.process.terminal { message.set(50, true) }
        if let file = Self.configuration(spec) { message.set(51, file) }
        // CRIU holds packets back with iptables, unless it is told to ask nftables itself.
        if HostProgram.path(of: "iptables-restore") == nil { message.set(64, 2) }
        return message
    }

    /// Options of the machine's owner, in CRIU's own form: an annotation names the file, as with other runtimes.
    private static func configuration(_ spec: RuntimeSpec) -> String? {
        if let named = spec.annotations["org.criu.config"] { return text(named) }
        return ["/etc/criu/cfs-runtime.conf", "/etc/criu/runc.conf"].first { File.exists($0) }
    }
}

/// Namespaces that a configuration names by path: they are not in an image.
struct NamespacesByPath {
    /// What CRIU calls those that it takes as descriptors when it restores.
    static let names = ["network": ("net", "extRootNetNS"), "pid": ("pid", "extRootPidNS")]

    let namespaces: [(type: String, path: String)]

    init(_ spec: RuntimeSpec) {
        namespaces = spec.linux.namespaces.compactMap { namespace in
            namespace.path.flatMap { $0.isEmpty ? nil : (type: namespace.type, path: $0) }
        }
    }

    /// Tells a dump which are outside.
    func exclude(from message: inout ProtobufMessage) throws(CFSError) {
        for (type, path) in namespaces {
            guard let (short, name) = Self.names[type] else { continue }
            let file = try File.open(path, [.path], phase: .running)
            message.set(37, "\(short)[\(try File.status(at: file.raw).inode)]:\(name)")
        }
    }

    /// Tells a restore where to find them.
    func join(_ message: inout ProtobufMessage, _ service: inout InheritedDescriptors) throws(CFSError) {
        for (type, path) in namespaces {
            if let (_, name) = Self.names[type] {
                service.add(SharedFD(try File.open(path, .read, phase: .running)), key: name)
            } else {
                var joined = ProtobufMessage()
                joined.set(1, type == "mount" ? "mnt" : type)
                joined.set(2, path)
                message.set(39, joined)
            }
        }
    }
}

/// Descriptors that a restored container takes over from its caller.
struct InheritedDescriptors {
    private(set) var entries: [(key: String, from: Int32)] = []
    private var owned: [SharedFD] = []

    mutating func add(_ descriptor: SharedFD, key: String) {
        owned.append(descriptor)
        add(descriptor.raw, key: key)
    }

    /// One that several of the container's were is given once.
    mutating func add(_ descriptor: Int32, key: String) {
        if !entries.contains(where: { $0.key == key }) { entries.append((key, descriptor)) }
    }

    /// In which order the container's streams take those of a caller: where several were one file, it is what they write to.
    static func order(_ streams: [String]) -> [Int] {
        [1, 2, 0].filter { streams.indices.contains($0) && !streams[$0].isEmpty }
    }

    /// Where they are in CRIU, and how it calls them.
    func give(to message: inout ProtobufMessage) -> [(Int32, from: Int32)] {
        entries.indices.map { index in
            let number = CRIUService.firstDescriptor + Int32(index)
            var inherited = ProtobufMessage()
            inherited.set(1, entries[index].key)
            inherited.set(2, Int(number))
            message.set(27, inherited)
            return (number, from: entries[index].from)
        }
    }
}
