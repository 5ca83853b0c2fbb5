import ArgumentParser
import CFSCore
import CFSOptions
import Synchronization

/// Where the engine keeps what it keeps: options of every verb, before or behind its name.
struct GlobalOptions: ParsableArguments {
    static let optionNames = OptionNames(values: ["root", "run"])

    @Option(
        name: .customLong("root"),
        help: ArgumentHelp("Folder of images and containers (CFS_ROOT, or /var/lib/cfs).", valueName: "folder"),
        completion: .directory)
    var root: String?

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("Folder of running containers (CFS_RUN, or /run/cfs).", valueName: "folder"),
        completion: .directory)
    var runFolder: String?

    /// The engine that the command line asks for.
    func engine() throws(CFSError) -> Engine { try Self.engine(root: root, run: runFolder, Caller.current) }

    /// The engine that arguments ask for which ArgumentParser has not seen.
    static func engine(_ arguments: CanonicalArguments, _ caller: Caller) throws(CFSError) -> Engine {
        try engine(root: arguments.value("root"), run: arguments.value("run"), caller)
    }

    private static func engine(root: String?, run: String?, _ caller: Caller) throws(CFSError) -> Engine {
        var options = EngineOptions()
        options.user = HostedProcess.user
        if let root { options.root = try absolute(root, "--root", caller) }
        if let run { options.run = try absolute(run, "--run", caller) }
        let engine = try Engine(options)
        ErrorText.engine.withLock { $0 = engine.options }
        return engine
    }

    private static func absolute(_ path: String, _ option: String, _ caller: Caller) throws(CFSError) -> String {
        guard !path.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "\(option) needs the path of a folder")
        }
        return try caller.absolute(path)
    }
}
