import Foundation
import Testing

@Suite("The house rules that a machine can check")
struct HouseRulesTests {
    @Test("a file is a room: at most 400 lines")
    func filesAreSmall() throws {
        for file in try SourceFile.all() {
            #expect(file.lines.count <= 401, "\(file.path) has \(file.lines.count - 1) lines")
        }
    }

    @Test(
        "no source crashes on input, swallows an error or waits for luck",
        arguments: [
            #"\btry!"#, #"\btry\?"#, #"\bfatalError\("#, #"\bas! "#, #"\bpreconditionFailure\("#,
            #"\b(sleep|usleep)\("#,
            #"\bTask\.sleep\b"#,
        ])
    func nothingCrashes(pattern: String) throws {
        let expression = try Regex(pattern)
        for file in try SourceFile.all() {
            for (number, line) in file.lines.enumerated() where line.contains(expression) {
                Issue.record("\(file.path):\(number + 1): \(line)")
            }
        }
    }

    @Test("every executable script says how it fails")
    func scriptsAreStrict() throws {
        for folder in ["Scripts", ".ci", "Benchmarks"] {
            let path = "\(Manifest.repository)/\(folder)"
            for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init() {
                guard let text = try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8),
                    text.hasPrefix("#!/usr/bin/env bash")
                else { continue }
                #expect(text.contains("pipefail"), "\(folder)/\(name)")
            }
        }
    }
}
