import Glibc

/// What the command line takes from whoever calls it.
struct Caller: Sendable {
    /// The value of a variable of the caller's environment; nil when it is not set.
    var variable: @Sendable (String) -> String?
    /// The working directory, absolute.
    var directory: String

    /// That of this process.
    static var current: Caller {
        Caller(
            variable: { name in getenv(name).map { String(cString: $0) } },
            directory: {
                guard let path = getcwd(nil, 0) else { return "/" }
                defer { free(path) }
                return String(cString: path)
            }())
    }

    /// A path as seen from the root: `./data` in `/srv` is `/srv/data`.
    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        var components = directory.split(separator: "/").map(String.init)
        var rest = path.split(separator: "/")[...]
        // Only leading dots are taken off: a `..` behind a link's name means another folder than the text says.
        while let first = rest.first, first == "." || first == ".." {
            rest.removeFirst()
            if first == ".." { _ = components.popLast() }
        }
        return "/" + (components + rest.map { String($0) }).text(separator: "/")
    }
}
