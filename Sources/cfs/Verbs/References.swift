import CFSCore

/// One verb for several containers or images.
enum References {
    /// Tries every one; what failed is told at once and does not stop the others.
    ///
    /// - Returns: 64 when what was asked of one is wrong, 1 when one failed, else 0.
    static func each<Reference>(
        _ references: [Reference],
        report: (CFSError) -> Void = { StandardError.write(ErrorText.text($0, style: StandardError.style)) },
        _ body: (Reference) throws(CFSError) -> Void
    ) throws(CFSError) -> Int32 {
        var status: Int32 = 0
        for reference in references {
            do throws(CFSError) {
                try body(reference)
            } catch {
                // A reader that has gone ends the verb, and is no failure of the reference.
                if StandardOutput.isClosed(error) { throw error }
                report(error)
                status = max(status, Program.status(error, startsCommand: false))
            }
        }
        return status
    }
}
