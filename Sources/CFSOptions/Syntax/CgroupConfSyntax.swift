import CFSCore

/// Reads `--cgroup-conf`: `memory.high=512m` is what the kernel gets, as it stands (cgroup-v2.rst).
package enum CgroupConfSyntax {
    /// Adds the files; a file that is named again gets both values, one after the other, as those with keys need it.
    ///
    /// - Throws: `.invalidArgument` also for a file that a flag of its own has set.
    package static func add(_ texts: [String], to resources: inout RuntimeSpec.Resources) throws(CFSError) {
        let taken = resources.unified.count
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex, text.last != "=" else {
                throw LimitSyntax.wrong(
                    "--cgroup-conf", text, "write a file of cgroup v2 and its value: memory.high=512M")
            }
            let (key, value) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
            guard let place = resources.unified.firstIndex(where: { $0.key == key }) else {
                resources.unified.append(RuntimeSpec.UnifiedFile(key, value))
                continue
            }
            guard place >= taken else {
                throw LimitSyntax.exclude("--cgroup-conf \(key)", flag(key))
            }
            resources.unified[place].value += "\n\(value)"
        }
    }

    /// The flag that sets a file: `--memory-high` for `memory.high`.
    private static func flag(_ key: String) -> String {
        "--" + key.split(separator: ".").map { String($0) }.text(separator: "-")
    }
}
