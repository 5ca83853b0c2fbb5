import CFSCore

/// One side of `cfs cp`.
enum CopyOperand: Equatable {
    /// A path of a container.
    case inside(container: String, path: String)
    /// A path of this machine.
    case host(String)
    /// A tar on standard input or output.
    case stream

    /// Reads `-`, `CONTAINER:PATH` or a path. What begins with a slash or a dot is always a path of this machine, as with
    /// Docker: `./a:b`.
    init(_ text: String) throws(CFSError) {
        guard !text.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "an empty path was given", hint: "write a path, CONTAINER:PATH or -")
        }
        if text == "-" {
            self = .stream
            return
        }
        guard !text.hasPrefix("/"), !text.hasPrefix("."), let colon = text.firstIndex(of: ":") else {
            self = .host(text)
            return
        }
        let (container, path) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        guard !container.isEmpty, !path.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" lacks a \(path.isEmpty ? "path" : "container")",
                hint: "write CONTAINER:PATH")
        }
        self = .inside(container: container, path: path)
    }
}
