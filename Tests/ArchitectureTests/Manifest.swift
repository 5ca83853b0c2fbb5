import Foundation
import TestSupport

/// The repository that this file belongs to, and what its manifest says.
struct Manifest {
    struct Target: Decodable {
        struct Dependency: Decodable {
            let name: String

            init(from decoder: any Decoder) throws {
                // {"byName": ["CFSModel", null]}, {"product": ["Crypto", "swift-crypto", null, null]}, {"target": [...]}
                let kinds = try decoder.singleValueContainer().decode([String: [Field]].self)
                name = kinds.values.first?.first?.text ?? ""
            }

            private struct Field: Decodable {
                let text: String?
                init(from decoder: any Decoder) throws {
                    text = try? decoder.singleValueContainer().decode(String.self)
                }
            }
        }

        let name: String
        let type: String
        let path: String?
        let dependencies: [Dependency]
    }

    private struct Dump: Decodable { let targets: [Target] }

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The targets of `Sources/`.
    let targets: [Target]

    init() throws {
        // A build folder of its own: that of the running tests is locked.
        let scratch = TemporaryDirectory()
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFTPM_PACKAGECACHE_PATH"] = nil
        let command = RunningCommand(
            [
                "/usr/bin/env", "swift", "package", "--package-path", Self.repository, "--scratch-path", scratch.path,
                "dump-package",
            ], environment: environment)
        let result = command.finish(seconds: 120)
        guard result.status == 0 else { throw Failure(text: result.errors) }
        targets = try JSONDecoder().decode(Dump.self, from: Data(result.output.utf8)).targets.filter {
            $0.type != "test" && !($0.path ?? "").hasPrefix("Tests/")
        }
    }

    struct Failure: Error { let text: String }

    /// The names of the package's own targets that a target depends on.
    func dependencies(of target: Target) -> Set<String> {
        Set(target.dependencies.map(\.name)).intersection(targets.map(\.name))
    }
}

/// One Swift file of `Sources/`.
struct SourceFile {
    let path: String
    let target: String
    let lines: [Substring]

    /// The modules it imports.
    var imports: [String] {
        lines.compactMap { line in
            let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
            guard let at = words.firstIndex(of: "import"), at <= 1, words.count > at + 1 else { return nil }
            return words[at + 1].split(separator: ".").first.map(String.init)
        }
    }

    static func all() throws -> [SourceFile] {
        let sources = Manifest.repository + "/Sources"
        var files: [SourceFile] = []
        for case let name as String in FileManager.default.enumerator(atPath: sources) ?? .init()
        where name.hasSuffix(".swift") {
            let text = try String(contentsOfFile: "\(sources)/\(name)", encoding: .utf8)
            files.append(
                SourceFile(
                    path: "Sources/\(name)", target: String(name.prefix { $0 != "/" }),
                    lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
        }
        return files
    }
}
