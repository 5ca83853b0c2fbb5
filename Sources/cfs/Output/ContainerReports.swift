import CFSCore

/// The phases of a start: to people the longest first.
struct TimingReport {
    let id: ContainerID
    let phases: [PhaseTime]

    private var total: UInt64 { phases.reduce(0) { $0 + $1.nanoseconds } }

    var table: String {
        var table = Table(["PHASE", "TIME", "SHARE"])
        for phase in phases.sorted(by: { $0.nanoseconds > $1.nanoseconds }) {
            table.add([phase.name, Elapsed.precise(phase.nanoseconds), share(phase.nanoseconds)])
        }
        table.add(["total", Elapsed.precise(total), share(total)])
        return table.text
    }

    private func share(_ part: UInt64) -> String {
        total == 0 ? "" : "\(Int((Double(part) / Double(total) * 100).rounded()))%"
    }

    var json: JSON {
        let list = phases.map { phase -> JSON in
            ["Name": .string(phase.name), "Nanoseconds": JSON(unsigned: phase.nanoseconds)]
        }
        return ["ID": .string(id.text), "Phases": .array(list), "TotalNanoseconds": JSON(unsigned: total)]
    }
}

/// What holds for a running container, set against what was asked.
struct IsolationReport {
    let id: ContainerID
    let facts: [IsolationFact]

    /// - Parameter columns: what a line may take. Lists are broken for that, and what the kernel says in the very words of
    ///   what was asked is not written out again.
    func table(_ style: Style, columns: Int = 120) -> String {
        let header = ["PROTECTION", "ASKED", "KERNEL SAYS", "HOLDS"]
        var table = Table(header)
        table.paint = { _, column, text in
            guard column == 3, !text.isEmpty else { return text }
            return text == "yes" ? style.green(text) : style.red(text)
        }
        let names = ([header[0]] + facts.map(\.name)).map { DisplayWidth.of($0) }.max() ?? 0
        // Three gaps of three, the last column, and two lists of the same width.
        let width = max(20, (columns - names - header[3].count - 9) / 2)
        for fact in facts {
            let asked = Self.lines(fact.asked, width)
            let actual = asked.count > 1 && fact.actual == fact.asked ? ["as asked"] : Self.lines(fact.actual, width)
            for line in 0..<max(asked.count, actual.count) {
                let isFirst = line == 0
                table.add([
                    isFirst ? fact.name : "", line < asked.count ? asked[line] : "",
                    line < actual.count ? actual[line] : "", isFirst ? (fact.holds ? "yes" : "no") : "",
                ])
            }
        }
        return table.text
    }

    /// A list in lines of at most `width` cells, broken at its spaces; a longer word has a line of its own.
    private static func lines(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, DisplayWidth.of(last) + 1 + DisplayWidth.of(String(word)) <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.isEmpty ? [""] : lines
    }

    var json: JSON {
        let list = facts.map { fact -> JSON in
            [
                "Name": .string(fact.name), "Asked": .string(fact.asked), "Actual": .string(fact.actual),
                "Holds": .bool(fact.holds),
            ]
        }
        return ["ID": .string(id.text), "Facts": .array(list), "Holds": .bool(facts.allSatisfy(\.holds))]
    }
}
