import CFSCore

/// `printf` of templates (Go's fmt): the verbs that values of JSON have, with `-` and `0`, a width and a precision.
struct TemplatePrintf {
    static let most = 1000
    private static let verbs = "the verbs are %s, %v, %q, %d, %x, %f, %t and %%, as in %-20s or %.3f"

    /// Of `printf`'s name, for errors.
    let place: Int

    func text(_ format: String, _ arguments: ArraySlice<JSON>) throws(CFSError) -> String {
        var (rest, values) = (format[...], arguments)
        var text = ""
        while let next = rest.popFirst() {
            guard next == "%" else {
                text.append(next)
                continue
            }
            if rest.first == "%" {
                text.append(rest.removeFirst())
                continue
            }
            let field = try Field(&rest, self)
            guard let value = values.popFirst() else { throw fault("printf has too few values for \"\(format)\"") }
            text += try field.text(value, self)
        }
        guard values.isEmpty else { throw fault("printf has more values than \"\(format)\" has verbs") }
        return text
    }

    private func fault(_ message: String) -> CFSError { Template.fault(message, at: place, hint: Self.verbs) }

    /// What stands behind a `%`.
    private struct Field {
        var isLeft = false
        var hasZeros = false
        var width = 0
        var precision: Int?
        var verb: Character

        init(_ rest: inout Substring, _ printf: TemplatePrintf) throws(CFSError) {
            while let flag = rest.first, flag == "-" || flag == "0" {
                if flag == "-" { isLeft = true } else { hasZeros = true }
                rest.removeFirst()
            }
            func number() throws(CFSError) -> Int {
                var value = 0
                while let digit = rest.first?.asciiValue, (0x30...0x39).contains(digit) {
                    value = value * 10 + Int(digit - 0x30)
                    guard value <= TemplatePrintf.most else {
                        throw printf.fault("a field of printf has at most \(TemplatePrintf.most) characters")
                    }
                    rest.removeFirst()
                }
                return value
            }
            verb = "%"
            width = try number()
            if rest.first == "." {
                rest.removeFirst()
                precision = try number()
            }
            guard let last = rest.popFirst() else { throw printf.fault("a % of printf has no verb") }
            guard "svqdxft".contains(last) else { throw printf.fault("printf has no verb %\(last)") }
            verb = last
        }

        func text(_ value: JSON, _ printf: TemplatePrintf) throws(CFSError) -> String {
            func wrong() -> CFSError { printf.fault("%\(verb) of printf cannot write \(TemplateText.kind(value))") }
            var (text, isNumber) = ("", false)
            switch (verb, value) {
            case ("d", .integer), ("d", .unsigned): (text, isNumber) = (value.text(), true)
            case ("x", .integer(let number)): (text, isNumber) = (String(number, radix: 16), true)
            case ("x", .unsigned(let number)): (text, isNumber) = (String(number, radix: 16), true)
            case ("f", .integer(let number)): (text, isNumber) = (fixed(Double(number)), true)
            case ("f", .unsigned(let number)): (text, isNumber) = (fixed(Double(number)), true)
            case ("f", .number(let number)): (text, isNumber) = (fixed(number), true)
            case ("t", .bool): text = value.text()
            case ("q", .string): text = value.text()
            case ("s", _), ("v", _):
                text = TemplateText.text(value)
                if let precision, verb == "s" { text = String(text.prefix(precision)) }
            default: throw wrong()
            }
            let missing = width - text.count
            guard missing > 0 else { return text }
            if isLeft { return text + String(repeating: " ", count: missing) }
            guard hasZeros, isNumber else { return String(repeating: " ", count: missing) + text }
            let sign = text.first == "-" ? "-" : ""
            return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
        }

        /// With six digits behind the point, or as many as the precision says.
        private func fixed(_ number: Double) -> String {
            let digits = min(precision ?? 6, 17)
            var scale = 1.0
            for _ in 0..<digits { scale *= 10 }
            let scaled = (abs(number) * scale).rounded(.toNearestOrEven)
            guard let whole = UInt64(exactly: scaled) else { return JSON.number(number).text() }
            let padded = String(whole)
            let all = String(repeating: "0", count: max(0, digits + 1 - padded.count)) + padded
            let sign = number < 0 && whole != 0 ? "-" : ""
            return sign + all.dropLast(digits) + (digits == 0 ? "" : ".\(all.suffix(digits))")
        }
    }
}
