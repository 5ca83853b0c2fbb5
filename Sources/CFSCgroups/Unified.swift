import CFSModel

/// A file of cgroup v2 by its name, with what is to be written there (runtime-spec 1.3.0, config-linux.md, Unified).
public struct UnifiedSetting: Sendable, Hashable {
    public let file: String
    /// Line by line: each is a write of its own, as the kernel wants it for files with keys.
    public let value: String
    private let name: String

    /// The files of the core that are limits; the others move, freeze and kill processes.
    private static let core = ["cgroup.max.depth", "cgroup.max.descendants", "cgroup.pressure"]

    /// - Parameters:
    ///   - name: what an error calls the group of settings.
    ///   - own: what it calls this one; the group's name and the file by default.
    /// - Throws: `invalidConfiguration` for a name that is no file of a known controller.
    public init(
        _ file: String, _ value: String, _ name: String = "unified", own: String? = nil
    ) throws(CFSError) {
        self.file = file
        self.value = value
        // A flag has the file as its value.
        self.name = own ?? name + (name.hasPrefix("-") ? " " : ".") + file
        let isPlain = file.utf8.allSatisfy {
            ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5a) || $0 == 0x2e
                || $0 == 0x5f
        }
        guard isPlain, !file.hasSuffix("."), file.contains(".") else {
            throw CFSError.limit(
                name, nil, "has \"\(file)\", which is not the name of a cgroup file",
                hint: "write controller.name, such as memory.high; a path is not possible")
        }
        if file.hasPrefix("cgroup.") {
            guard Self.core.contains(file) else {
                throw CFSError.limit(
                    name, nil, "has \(file), which is not a limit: \(Self.core.text(separator: ", ")) are possible")
            }
        } else if CgroupController(ofFile: file) == nil {
            let known = CgroupController.allCases.map(\.rawValue).text(separator: ", ")
            throw CFSError.limit(name, nil, "has \(file), of no known controller: \(known) are possible")
        }
        guard !value.utf8.contains(0), !value.isEmpty else {
            throw CFSError.limit(self.name, nil, "has an empty value or one with a zero byte")
        }
    }

    func add(to settings: inout CgroupSettings) {
        // A file with one value gets the last one alone: a lower one that was asked for in another way would hold for a moment, and
        // the kernel kills for one of memory. Those of these controllers have a line for each device or kind.
        if let controller = CgroupController(ofFile: file), ![.io, .rdma, .misc].contains(controller) {
            settings.drop(file)
        }
        for line in value.split(separator: "\n") { settings.add(CgroupSetting(file, String(line), name)) }
    }
}
