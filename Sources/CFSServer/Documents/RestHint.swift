import CFSCore

/// The library's hints are written for who types `cfs`; whoever speaks REST is told the request that does the same.
enum RestHint {
    /// Verbs that take one container, and the request that stands for each.
    private static let requests: [(verb: String, method: String, action: String)] = [
        ("stop", "POST", "/stop"), ("unpause", "POST", "/unpause"), ("rm", "DELETE", ""),
        ("attach", "GET", "/attach"),
    ]

    /// The hint, with requests where it has commands.
    static func text(_ hint: String) -> String {
        var text =
            hint
            .replacing("`cfs ps -a` and `cfs images`", with: "GET /containers?all=true and GET /images")
            .replacing("import one with `cfs image import NAME FILE`", with: "import one with POST /images?name=NAME")
            .replacing("`cfs images`", with: "GET /images")
            .replacing("`cfs rm`", with: "DELETE /containers/{id}")
            .replacing("`cfs ps -a`", with: "GET /containers?all=true")
            .replacing("use --force", with: "ask with ?force=true")
        if let command = text.firstRange(of: "cfs rm -f ") {
            let name = text[command.upperBound...].prefix { !" `,)".contains($0) }
            text.replaceSubrange(command.lowerBound..<name.endIndex, with: "DELETE /containers/\(name)?force=true")
        }
        for (verb, method, action) in requests {
            for opening in ["`cfs \(verb) ", "cfs \(verb) "] {
                guard let command = text.firstRange(of: opening) else { continue }
                let name = text[command.upperBound...].prefix { !" `,)".contains($0) }
                let closing = text[name.endIndex...].prefix { $0 == "`" && opening.first == "`" }
                text.replaceSubrange(
                    command.lowerBound..<closing.endIndex, with: "\(method) /containers/\(name)\(action)")
                break
            }
        }
        return networks(text)
    }

    private static func networks(_ hint: String) -> String {
        var text = hint.replacing("cfs network ls", with: "GET /networks")
            .replacing("cfs network prune", with: "DELETE /networks/{name}")
        if let command = text.firstRange(of: "cfs network disconnect ") {
            let words = text[command.upperBound...].prefix { !"`,;)".contains($0) }
            let names = words.split(separator: " ")
            if names.count == 2 {
                text.replaceSubrange(
                    command.lowerBound..<words.endIndex,
                    with: "POST /networks/\(names[0])/disconnect "
                        + #"{"container": \#(JSON.string(String(names[1])).text())}"#)
            }
        }
        for (verb, request) in [
            ("inspect", "GET /networks/"), ("rm", "DELETE /networks/"), ("create", "POST /networks "),
        ] {
            guard let command = text.firstRange(of: "cfs network \(verb) ") else { continue }
            let name = text[command.upperBound...].prefix { !" `,;)".contains($0) }
            let told = verb == "create" ? #"{"name": \#(JSON.string(String(name)).text())}"# : String(name)
            text.replaceSubrange(command.lowerBound..<name.endIndex, with: request + told)
        }
        return text
    }
}
