import CFSModel

/// `checkpoint` and `restore`, which are the work of CRIU.
enum CheckpointCommands {
    private static let shared: [RuntimeOption] = [
        .value("image-path", placeholder: "DIR", help: "folder of the images"),
        .value("work-path", placeholder: "DIR", help: "folder of CRIU's own files"),
        .value("parent-path", placeholder: "DIR", help: "folder of the images before"),
        .flag("tcp-established", help: "open TCP connections are allowed"),
        .flag("ext-unix-sk", help: "Unix sockets to the outside are allowed"),
        .flag("shell-job", help: "the caller's session and terminal are allowed"),
        .flag("file-locks", help: "file locks are allowed"),
        .flag("lazy-pages", help: "memory comes when it is used"),
        .flag("auto-dedup", help: "give memory back that a later image has"),
        .value("manage-cgroups-mode", placeholder: "MODE", help: "soft, full, strict or ignore"),
        .list("empty-ns", placeholder: "NAMESPACE", help: "a namespace that is restored empty"),
        .value("lsm-profile", placeholder: "TYPE:NAME", help: "the security label when restored"),
        .value("lsm-mount-context", placeholder: "TEXT", help: "the label of mounts when restored"),
    ]

    static let checkpoint = RuntimeCommand(
        names: ["checkpoint"], usage: "CONTAINER", summary: "write the state of a container's processes to files",
        options: shared + [
            .flag("leave-running", help: "let it run on"),
            .flag("pre-dump", help: "write its memory only, and let it run on"),
            .value("page-server", placeholder: "ADDRESS:PORT", help: "send its memory there"),
            .value("status-fd", placeholder: "N", help: "descriptor that is told when the page server is ready"),
        ]
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container())
        throw try refusal(context, "checkpoint of \(container.document.id)")
    }

    static let restore = RuntimeCommand(
        names: ["restore"], usage: "CONTAINER", summary: "make a container of such files",
        options: shared + CreateCommand.options + [.flag("detach", "d", help: "return once it runs")]
    ) { arguments, context throws(CFSError) in
        throw try refusal(context, "restore of \(try arguments.container())")
    }

    private static func refusal(_ context: RuntimeContext, _ what: String) throws(CFSError) -> CFSError {
        guard context.criu.map({ HostProgram.path(of: $0) }) ?? HostProgram.path(of: "criu") != nil else {
            return CFSError(
                .kernelUnsupported, .looking, "\(what) needs CRIU, which is not installed: criu is not in PATH",
                hint: "install the package criu, or name the program with --criu")
        }
        return CFSError(.kernelUnsupported, .looking, "\(what) is not supported by this runtime")
    }
}
