import CFSCore

/// Changes as `cfs diff` prints them.
struct ChangeList {
    let changes: [LayerChange]

    /// `C /etc`, a line each.
    var text: String {
        changes.map { "\($0.kind.rawValue) \(Printable.text($0.path.bytes))\n" }.text(separator: "")
    }

    var json: JSON {
        .array(changes.map { ["Kind": .string($0.kind.rawValue), "Path": .string($0.path.string)] })
    }
}
