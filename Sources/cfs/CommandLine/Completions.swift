import ArgumentParser
import CFSCore

/// What a shell offers for an argument. The engine is asked; one that cannot answer offers nothing.
enum Completions {
    static let containers = CompletionKind.custom { _, _, _ in
        list { () throws(CFSError) in try Engine().containerNames() }
    }

    static let images = CompletionKind.custom { _, _, _ in
        list { () throws(CFSError) in
            let engine = try Engine()
            let present = try engine.images().map(\.name)
            let known = try engine.catalogue().map(\.name)
            return Set(present + known).sorted()
        }
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
