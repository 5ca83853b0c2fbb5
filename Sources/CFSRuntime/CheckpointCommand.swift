import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// `checkpoint`: CRIU writes down what a container's processes are, and ends them.
enum CheckpointCommand {
    static let command = RuntimeCommand(
        names: ["checkpoint"], usage: "CONTAINER", summary: "write a container's processes to files, with CRIU",
        options: CheckpointOptions.both + [
            .value(
                "parent-path", placeholder: "DIR",
                help: "image of a checkpoint before this, by a relative path from the image"),
            .flag("leave-running", help: "let the container go on"),
            .flag("pre-dump", help: "write the memory only, and let the container go on"),
            .flag("tcp-skip-in-flight", help: "without TCP connections that are being made"),
            .value("page-server", placeholder: "ADDRESS:PORT", help: "send the memory to CRIU's page server"),
            .value("status-fd", placeholder: "N", help: "descriptor that is told when lazy pages can be asked for"),
        ]
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container())
        let options = try CheckpointOptions(arguments)
        let lock = try container.lock()
        defer { withExtendedLifetime(lock) {} }
        let status = try container.status()
        guard status == .running || status == .paused else {
            throw CFSError(
                .invalidState, .running, "cannot checkpoint a container in the \(status.rawValue) state",
                hint: "only what runs, or is paused, has something to write down")
        }
        let program = try CRIUService.find(context.criu)
        let spec = try container.configuration()
        try refuseWhatIsLost(spec, container, arguments)
        let isPreDump = arguments.has("pre-dump")
        let folders = try options.openFolders()
        if isPreDump, File.exists(CheckpointImage.fileName, at: folders.image.raw) {
            throw CFSError(
                .nameTaken, .preparing, "\(options.image) holds an image that --pre-dump would spoil",
                path: options.image,
                hint: "give it a folder of its own (--image-path)")
        }
        if !spec.linux.uidMappings.isEmpty { try RestoreStaging.check(folders.image, options.image, spec) }
        var message = options.message(isPreDump ? .preDump : .dump, folders, spec)
        message.set(2, Int(container.document.pid))
        message.set(13, container.document.rootfs)
        var processes = [container.document.pid]
        if let cgroup = try container.cgroup() {
            message.set(44, cgroup.path)
            try refuseStrangers(cgroup, container.document.pid)
            processes = try cgroup.processesBelow()
        }
        let survey = try CheckpointSurvey(container.document.pid, processes, spec)
        if !survey.losing.isEmpty {
            let pids = survey.losing.map { "\($0)" }.text(separator: ", ")
            context.log.warning(
                "processes \(pids) have no_new_privs set, and will be restored without: CRIU does not keep it")
        }
        for text in survey.external { message.set(37, text) }
        try NamespacesByPath(spec).exclude(from: &message)
        try add(arguments, options, &message)
        let service = CRIUService(
            kind: isPreDump ? .preDump : .dump, options: message, program: program, workFolder: options.work,
            isLazy: arguments.has("lazy-pages"))
        // Memory alone is no image, and a second one into the same folder is none until it is whole.
        try CheckpointImage.remove(from: folders.image.raw)
        if service.isLazy { try survey.image.write(into: folders.image.raw) }
        let started = try service.start()
        _ = try started.finish { _ throws(CFSError) in }
        if !isPreDump, !service.isLazy { try survey.image.write(into: folders.image.raw) }
        guard !isPreDump, !arguments.has("leave-running") else { return 0 }
        try DeleteCommand.destroy(container, spec.hooks, context.log)
        return 0
    }

    /// What CRIU cannot make again is told before the container ends.
    private static func refuseWhatIsLost(
        _ spec: RuntimeSpec, _ container: RuntimeContainer, _ arguments: RuntimeArguments
    ) throws(CFSError) {
        func refuse(_ what: String) throws(CFSError) {
            throw CFSError(.kernelUnsupported, .preparing, "cannot checkpoint: CRIU restores no \(what)")
        }
        for mount in spec.mounts {
            let words = mount.options
            if !mount.uidMappings.isEmpty || words.contains("idmap") || words.contains("ridmap") {
                try refuse("mount with an id map, as that at \(mount.destination) is")
            }
        }
        for namespace in NamespacesByPath(spec).namespaces where ["user", "cgroup"].contains(namespace.type) {
            try refuse("\(namespace.type) namespace by path (\(namespace.path))")
        }
        if try Seccomp.agent(spec, container.state(.running)) != nil {
            try refuse("agent for system calls (linux.seccomp.listenerPath)")
        }
        if !spec.linux.uidMappings.isEmpty, CheckpointOptions.text(arguments["parent-path"]) != nil {
            try refuse("image with a parent into a user namespace (--parent-path)")
        }
    }

    /// CRIU follows the first process and its children; what `exec` has started beside them would end with them.
    private static func refuseStrangers(_ cgroup: Cgroup, _ first: Int32) throws(CFSError) {
        var strangers: [Int32] = []
        // A process whose parent ends while they are looked at has another one the next time.
        for _ in 1...3 {
            strangers = Self.strangers(try cgroup.processesBelow(), first)
            if strangers.isEmpty { return }
        }
        let list = strangers.sorted().map { "\($0)" }.text(separator: ", ")
        throw CFSError(
            .invalidState, .preparing,
            "cannot checkpoint: the processes \(list) are no children of the container's first one (exec started them)",
            hint: "wait until they have ended, or end them")
    }

    private static func strangers(_ processes: [Int32], _ first: Int32) -> [Int32] {
        var parents: [Int32: Int32] = [:]
        for pid in processes { parents[pid] = ProcessStatus(of: pid)?.parent }
        return parents.keys.filter { pid in
            var next = pid
            while next != first, let parent = parents[next] { next = parent }
            return next != first
        }
    }

    /// What only this command knows.
    private static func add(
        _ arguments: RuntimeArguments, _ options: CheckpointOptions, _ message: inout ProtobufMessage
    ) throws(CFSError) {
        if arguments.has("leave-running") { message.set(3, true) }
        if arguments.has("tcp-skip-in-flight") { message.set(46, true) }
        let parent = CheckpointOptions.text(arguments["parent-path"])
        if let parent {
            guard !parent.isAbsolutePath, File.exists("\(options.image)/\(parent)") else {
                throw RuntimeArguments.fault(
                    "invalid parent-path \"\(parent)\": a relative path from the image to a folder that is there is needed"
                )
            }
            message.set(14, parent)
        }
        if parent != nil || arguments.has("pre-dump") { message.set(15, true) }
        if let text = CheckpointOptions.text(arguments["page-server"]) { message.set(11, try pageServer(text)) }
        guard let status = try arguments.number("status-fd", Int32.self), status >= 0 else { return }
        guard fcntl(status, F_GETFD) != -1 else {
            throw RuntimeArguments.fault("invalid value \"\(status)\" for -status-fd: it is not open")
        }
        // As with its folders, CRIU opens it among the descriptors of this process.
        message.set(49, Int(status))
    }

    private static func pageServer(_ text: String) throws(CFSError) -> ProtobufMessage {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
            let port = UInt16(text[text.index(after: colon)...])
        else { throw RuntimeArguments.fault("invalid value \"\(text)\" for -page-server: ADDRESS:PORT is needed") }
        var server = ProtobufMessage()
        server.set(1, String(text[..<colon]))
        server.set(2, Int(port))
        return server
    }
}
