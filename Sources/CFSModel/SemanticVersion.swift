/// A version as semver.org 2.0.0 writes it, of which the three numbers count.
struct SemanticVersion: Comparable {
    let numbers: [Int]

    init?(_ text: String) {
        let withoutBuild = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = withoutBuild[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let core = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let numbers = core.compactMap { Self.isNumber($0) ? Int($0) : nil }
        guard core.count == 3, numbers.count == 3 else { return nil }
        if parts.count == 2 {
            for name in parts[1].split(separator: ".", omittingEmptySubsequences: false) {
                let isDigits = name.utf8.allSatisfy { (0x30...0x39).contains($0) }
                guard Self.isName(name), !isDigits || Self.isNumber(name) else { return nil }
            }
        }
        if withoutBuild.count == 2 {
            let names = withoutBuild[1].split(separator: ".", omittingEmptySubsequences: false)
            guard names.allSatisfy(Self.isName) else { return nil }
        }
        self.numbers = numbers
    }

    /// Digits without a zero in front.
    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (text == "0" || text.utf8.first != 0x30)
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d
            }
    }

    static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }
}

extension JSONFields {
    /// A version of the runtime specification. Major versions up to 1 are understood: the drafts before 1.0 too, which
    /// the specification's own examples still name.
    package mutating func version(_ key: String) throws(CFSError) -> String {
        let text = try needed(try string(key), key)
        guard let version = SemanticVersion(text) else {
            throw fault(key, "must be a version such as 1.3.0, not \"\(text)\"")
        }
        guard version.numbers[0] <= 1 else { throw fault(key, "must be 1.x, not \"\(text)\"") }
        return text
    }
}
