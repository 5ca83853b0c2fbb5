import CFSCore
import CFSLinux
import Glibc

/// What the command line takes from whoever calls it.
package struct Caller: Sendable {
    /// The value of a variable of the caller's environment; nil when it is not set.
    package var variable: @Sendable (String) -> String?
    /// The working directory, absolute; nil for one that is gone.
    package var directory: String?

    package init(variable: @escaping @Sendable (String) -> String?, directory: String?) {
        self.variable = variable
        self.directory = directory
    }

    /// That of this process.
    package static var current: Caller {
        Caller(
            variable: { name in getenv(name).map { String(cString: $0) } },
            directory: {
                // getcwd(3): ENOENT for a folder that was removed, or that the root does not reach.
                guard let path = getcwd(nil, 0) else { return nil }
                defer { free(path) }
                return String(cString: path)
            }())
    }

    /// A path as seen from the root: `./data` in `/srv` is `/srv/data`.
    ///
    /// - Throws: `.invalidArgument` for a relative one where the working directory is gone.
    package func absolute(_ path: String) throws(CFSError) -> String {
        if path.isAbsolutePath { return path }
        guard let directory else {
            throw CFSError(
                .invalidArgument, .parsing, "the path \(path) begins at the working directory, which is gone",
                path: path,
                hint: "go to another folder, or write the path from / on")
        }
        var components = directory.pathNames
        var rest = path.pathNames[...]
        // Only leading dots are taken off: a `..` behind a link's name means another folder than the text says.
        while let first = rest.first, first == "." || first == ".." {
            rest.removeFirst()
            if first == ".." { _ = components.popLast() }
        }
        return "/" + (components + rest).text(separator: "/")
    }

    /// The same of a file or folder of the host.
    ///
    /// - Parameter option: what names it, for the message: an option, or what the argument is.
    /// - Throws: `.invalidArgument` for a path that is longer than the kernel or its file system takes.
    package func absolute(_ path: String, of option: String) throws(CFSError) -> String {
        let whole = try absolute(path)
        guard PathLength.isTooLong(whole) else { return whole }
        throw PathLength.error(whole, "\(option): \(PathLength.shortened(whole))")
    }
}
