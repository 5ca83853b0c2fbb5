/// Sees what is typed, and finds the keys that detach in it.
///
/// The beginning of their sequence is held back until the next key shows whether it goes on: it may come in several reads,
/// and what turns out to be something else is passed on as it was typed.
struct DetachFilter {
    private let keys: [UInt8]
    /// How many bytes of the sequence have come, and are held back.
    private var matched = 0

    /// - Parameter keys: the bytes of the sequence; empty when nothing detaches.
    init(_ keys: [UInt8]) { self.keys = keys }

    /// Whether anything detaches at all.
    var isActive: Bool { !keys.isEmpty }

    /// - Returns: what goes on to the command, and whether the sequence is complete; what is typed behind it is dropped.
    mutating func take(_ bytes: [UInt8]) -> (passed: [UInt8], detaches: Bool) {
        guard isActive else { return (bytes, false) }
        var passed: [UInt8] = []
        for byte in bytes {
            let held = keys[..<matched] + [byte]
            // The longest end of what is there that may be the sequence's beginning.
            matched = (0...held.count).last { held.suffix($0).elementsEqual(keys.prefix($0)) } ?? 0
            passed += held.dropLast(matched)
            if matched == keys.count {
                matched = 0
                return (passed, true)
            }
        }
        return (passed, false)
    }

    /// Nothing more is typed: what was held back goes on.
    mutating func finish() -> [UInt8] {
        defer { matched = 0 }
        return Array(keys[..<matched])
    }
}
