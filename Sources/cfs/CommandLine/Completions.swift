import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions
import Glibc

/// What a shell offers for an argument. The engine is asked; one that cannot answer offers nothing.
enum Completions {
    /// All containers.
    static let containers = CompletionKind.custom { words, _, _ in names(words) { _ in true } }

    /// Containers for what only a running one can do.
    static let running = CompletionKind.custom { words, _, _ in names(words) { $0.pid != nil } }

    /// Containers that can be started.
    static let stopped = CompletionKind.custom { words, _, _ in names(words) { $0.pid == nil } }

    /// Containers that stand still.
    static let paused = CompletionKind.custom { words, _, _ in names(words) { $0.name == "paused" } }

    static let images = CompletionKind.custom { words, _, _ in
        list { () throws(CFSError) in
            let engine = try engine(words)
            let present = try engine.images().map(\.name)
            let known = try engine.catalogue().map(\.name)
            return Set(present + known).sorted()
        }
    }

    /// Images that are here.
    static let presentImages = CompletionKind.custom { words, _, _ in
        list { () throws(CFSError) in try engine(words).images().map(\.name) }
    }

    static let networks = CompletionKind.custom { words, _, _ in
        list { () throws(CFSError) in try engine(words).networks().map(\.name) }
    }

    /// What `cfs inspect` looks at.
    static let containersAndImages = CompletionKind.custom { words, _, _ in
        let images = list { () throws(CFSError) in try engine(words).images().map(\.name) }
        return names(words) { _ in true } + images
    }

    /// One side of `cfs cp`: containers, with the colon behind them, then files of this machine.
    static let copyOperands = CompletionKind.custom { words, _, _ in
        let begun = words.last ?? ""
        let containers = names(words) { _ in true }.map { "\($0):" }.filter { $0.hasPrefix(begun) }
        return containers + files(begun)
    }

    /// What a half-written path can become, sorted; folders have a slash at their end. Hidden ones are for who asks.
    private static func files(_ begun: String) -> [String] {
        let folder = begun.lastIndex(of: "/").map { String(begun[...$0]) } ?? ""
        let name = begun.dropFirst(folder.count)
        return list { () throws(CFSError) in
            let opened = try Directory.open(folder.isEmpty ? "." : folder)
            let fitting = try Directory.entries(opened.raw).filter {
                $0.name.hasPrefix(name) && ($0.name.first != "." || name.first == ".")
            }
            return fitting.map { "\(folder)\($0.name)\($0.type == UInt8(DT_DIR) ? "/" : "")" }.sorted()
        }
    }

    /// The names of containers in a state that fits, but for those that stand on the line already.
    private static func names(_ words: [String], _ fits: (ContainerRecord.State) -> Bool) -> [String] {
        list { () throws(CFSError) in
            try engine(words).containers().filter { fits($0.state) && !words.dropLast().contains($0.name) }.map(\.name)
                .sorted()
        }
    }

    /// The engine that the half-typed line asks for.
    static func engine(_ words: [String]) throws(CFSError) -> Engine {
        var options: [String] = []
        for (place, word) in words.enumerated() {
            for name in ["--root", "--run"] {
                if word.hasPrefix("\(name)=") { options.append(word) }
                if word == name, words.indices.contains(place + 1) { options.append("\(name)=\(words[place + 1])") }
            }
        }
        let read = try CanonicalArguments(
            options[...], GlobalOptions.optionNames, optionsEndAtFirstWord: false, verb: "completion")
        return try GlobalOptions.engine(read, Caller.current)
    }

    private static func list(_ names: () throws(CFSError) -> [String]) -> [String] {
        do throws(CFSError) {
            return try names()
        } catch {
            // A message in the middle of a half-typed line helps nobody.
            return []
        }
    }
}
