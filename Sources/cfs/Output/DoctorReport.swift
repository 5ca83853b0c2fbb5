import CFSCore

/// What `cfs doctor` found.
struct DoctorReport {
    let findings: [Finding]

    var isMissingSomething: Bool { findings.contains { $0.verdict == .missing } }

    /// A table, then a line for each thing that can be done.
    func text(_ style: Style) -> String {
        var table = Table(["CHECK", "VERDICT", "DETAIL"])
        table.paint = { _, column, text in
            guard column == 1 else { return text }
            return switch text {
            case Finding.Verdict.good.rawValue: style.green(text)
            case Finding.Verdict.warning.rawValue: style.yellow(text)
            default: style.red(text)
            }
        }
        for finding in findings { table.add([finding.name, finding.verdict.rawValue, finding.detail]) }
        let hints = findings.filter { $0.verdict != .good }.compactMap { finding in
            finding.hint.map { hint in
                "  \(style.bold("hint:")) \(Printable.text("\(finding.name): \(HintCommands.text(hint))"))\n"
            }
        }
        return table.text + (hints.isEmpty ? "" : "\n" + hints.joined())
    }

    var json: JSON {
        .array(
            findings.map { finding in
                var object = JSONObject([
                    ("Name", .string(finding.name)), ("Verdict", .string(finding.verdict.rawValue)),
                    ("Detail", .string(finding.detail)),
                ])
                object["Hint"] = finding.hint.map(JSON.string)
                return .object(object)
            })
    }
}
