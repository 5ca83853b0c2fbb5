import ArgumentParser
import CFSCore
import CFSOptions
import Dispatch
import Synchronization

/// `cfs image fetch`: an image of the catalogue from its own address.
struct ImageFetchCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetch an image of the catalogue from its project's address.",
        usage: "cfs image fetch [<options>] <name>",
        discussion: """
            Nothing is taken whose SHA-256 is not the one of the catalogue, or of --sha256.

            Example:
              cfs image fetch TinyCore
            """)

    static let optionNames = OptionNames(flags: ["quiet q"], values: ["sha256"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("The file's SHA-256: 64 hexadecimal digits, or sha256: and those.", valueName: "digest"))
    var sha256: String?

    @Flag(name: .shortAndLong, help: "Show no progress; print the ID only.")
    var quiet = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The image's name in the catalogue.", completion: Completions.images)
    var name: String

    func perform() throws(CFSError) -> Int32 {
        var options = FetchOptions()
        if let sha256 {
            options.digest = try Self.digest(sha256)
        }
        let display = ProgressDisplay(quiet: quiet)
        let image = try fetch(try globals.engine(), options, display)
        try StandardOutput.write(ImageNote.text(image, isQuiet: quiet))
        return 0
    }

    /// What --sha256 takes.
    static func digest(_ text: String) throws(CFSError) -> Digest {
        let prefix = "sha256:"
        do throws(CFSError) {
            return try Digest(text.hasPrefix(prefix) ? text : prefix + text)
        } catch {
            throw CFSError(
                .invalidArgument, .parsing, "--sha256 does not take \"\(text.prefix(100))\"",
                hint:
                    "write the 64 hexadecimal digits that `sha256sum FILE` prints, with or without sha256: before them")
        }
    }

    /// Waits for the fetch: only this verb needs a thread pool, so only it starts one.
    private func fetch(
        _ engine: Engine, _ options: FetchOptions, _ display: ProgressDisplay
    ) throws(CFSError) -> ImageRecord {
        let outcome = Outcome()
        let name = name
        Task.detached {
            do throws(CFSError) {
                outcome.set(.success(try await engine.fetchImage(name: name, options: options) { display.show($0) }))
            } catch {
                outcome.set(.failure(error))
            }
        }
        defer { display.finish() }
        return try outcome.wait().get()
    }
}

/// How a task ended, for a thread that waits.
private final class Outcome: Sendable {
    private let result = Mutex<Result<ImageRecord, CFSError>?>(nil)
    private let isSet = DispatchSemaphore(value: 0)

    func set(_ value: Result<ImageRecord, CFSError>) {
        result.withLock { $0 = value }
        isSet.signal()
    }

    func wait() -> Result<ImageRecord, CFSError> {
        while true {
            isSet.wait()
            if let value = result.withLock({ $0 }) { return value }
        }
    }
}
