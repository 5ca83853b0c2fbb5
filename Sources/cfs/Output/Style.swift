import CFSLinux
import CFSOptions

/// Whether and how a text is coloured (ECMA-48, SGR; no-color.org).
struct Style {
    static let plain = Style(isColoured: false)

    let isColoured: Bool

    init(isColoured: Bool) { self.isColoured = isColoured }

    /// Colours only on a terminal that takes them, and not when `NO_COLOR` is set.
    init(descriptor: Int32, _ caller: Caller) {
        self.init(isTerminal: Terminal.isTerminal(descriptor), caller)
    }

    init(isTerminal: Bool, _ caller: Caller) {
        let refused = caller.variable("NO_COLOR").map { !$0.isEmpty } ?? false
        isColoured = isTerminal && !refused && caller.variable("TERM") != "dumb"
    }

    func red(_ text: String) -> String { paint(text, "31;1") }
    func green(_ text: String) -> String { paint(text, "32") }
    func yellow(_ text: String) -> String { paint(text, "33") }
    func bold(_ text: String) -> String { paint(text, "1") }

    private func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
