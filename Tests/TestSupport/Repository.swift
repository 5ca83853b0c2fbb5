import Glibc

/// The repository that the tests were built from, and what lies beside it on some machines.
public enum Repository {
    /// A file of the repository, whether it is there or not.
    public static func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// A folder of specifications as they were published.
    public struct Specification: Sendable {
        public let path: String
        /// Why a test that needs it is skipped.
        public let missing: String

        public var isThere: Bool { access(path, R_OK) == 0 }

        /// Schemas and examples of runtime-spec 1.3.0 (schema/ of github.com/opencontainers/runtime-spec).
        public static let runtime = Specification("runtime-spec-1.3.0")

        private init(_ name: String) {
            path = Repository.path("../shared/specs/\(name)")
            missing = "../shared/specs/\(name) is not there"
        }
    }

    private static let folder: String = {
        var file = #filePath
        if let real = realpath(file, nil) {
            file = String(cString: real)
            free(real)
        }
        return file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    }()
}
