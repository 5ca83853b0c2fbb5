import CFSCore
import CFSLinux
import CFSOptions

/// What a verb prints.
enum StandardOutput {
    static let name = "standard output"

    /// - Throws: what write(2) says; ``isClosed(_:)`` tells a reader that has gone from a fault.
    static func write(_ text: String) throws(CFSError) { try write(Array(text.utf8)) }

    static func write(_ bytes: [UInt8]) throws(CFSError) { try File.writeAll(1, bytes, path: name) }

    /// A document, indented.
    static func write(_ json: JSON) throws(CFSError) { try write(json.bytes(pretty: true) + [0x0a]) }

    static var style: Style { Style(descriptor: 1, Caller.current) }

    /// Whether the error is that nobody reads any longer, as in `cfs ps | head -1`.
    static func isClosed(_ error: CFSError) -> Bool {
        error.errno == Int32(ErrorCode.brokenPipe) && [name, StandardError.name].contains(error.path)
    }
}

/// What a verb says beside its output.
enum StandardError {
    static let name = "standard error"

    static var style: Style { Style(descriptor: 2, Caller.current) }

    /// Writes what a container wrote there.
    static func write(_ bytes: [UInt8]) throws(CFSError) { try File.writeAll(2, bytes, path: name) }

    /// Says what the user should know, though nothing failed.
    static func warn(_ text: String) { write(ErrorText.warning(text, style: style)) }

    /// Says what failed, while something else goes on.
    static func tell(_ error: CFSError) { write(ErrorText.text(error, style: style)) }

    /// Writes a text; where that fails nobody is left to tell.
    static func write(_ text: String) {
        do throws(CFSError) {
            try File.writeAll(2, Array(text.utf8))
        } catch {}
    }
}
