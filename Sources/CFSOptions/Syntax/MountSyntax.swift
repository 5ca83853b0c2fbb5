import CFSCore

/// Reads `--mount`: `type=bind,src=/a,dst=/b,readonly` or `type=tmpfs,dst=/run,tmpfs-size=64m`.
package struct MountSyntax {
    private static let keys = [
        "type", "source", "src", "destination", "dst", "target", "readonly", "ro", "bind-propagation",
        "bind-nonrecursive",
        "tmpfs-size", "tmpfs-mode", "idmap", "nosuid", "suid", "nodev", "dev", "noexec", "exec",
    ]
    /// What a key is called that has several names.
    private static let synonyms = ["src": "source", "destination": "target", "dst": "target", "ro": "readonly"]

    private var values: [String: String] = [:]

    /// - Throws: `.invalidArgument`: an unknown key (with the nearest one), a key twice, or one of the other type.
    package static func mount(_ text: String, _ caller: Caller) throws(CFSError) -> MountRequest {
        var syntax = MountSyntax()
        for field in try fields(text) { try syntax.read(field) }
        return try syntax.request(text, caller)
    }

    private mutating func read(_ field: String) throws(CFSError) {
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let key = parts.first?.lowercased() ?? ""
        guard Self.keys.contains(key) else {
            let near = NearestName.suggestions(for: key, among: Self.keys)
            throw CFSError(
                .invalidArgument, .parsing, "--mount does not know the key \"\(key)\"",
                hint: near.isEmpty
                    ? "known are \(Self.keys.joined(separator: ", "))"
                    : "did you mean \(near.joined(separator: " or "))?")
        }
        let name = Self.synonyms[key] ?? key
        guard values.updateValue(parts.count == 2 ? parts[1] : "", forKey: name) == nil else {
            throw CFSError(.invalidArgument, .parsing, "--mount has the key \(key) twice")
        }
        guard parts.count == 2 || Self.isSwitch(name) else {
            throw CFSError(
                .invalidArgument, .parsing, "--mount: the key \(key) needs a value", hint: "write \(key)=...")
        }
    }

    private static func isSwitch(_ name: String) -> Bool {
        ["readonly", "bind-nonrecursive", "idmap"].contains(name) || MountWords.forTmpfs.contains(name)
    }

    private func request(_ text: String, _ caller: Caller) throws(CFSError) -> MountRequest {
        let type = values["type"]
        guard type == "bind" || type == "tmpfs" else {
            let what = type.map { "the type \"\($0)\"" } ?? "a mount without a type"
            throw CFSError(
                .invalidArgument, .parsing, "--mount does not know \(what)",
                hint: type == "volume" ? "there are no named volumes: use type=bind" : "use type=bind or type=tmpfs")
        }
        guard let target = values["target"], !target.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "--mount has no target: \(text)", hint: "add dst=/path/inside")
        }
        try MountWords.checkTarget(target, in: text)
        var mount: MountRequest
        if type == "bind" {
            try refuse("tmpfs-", of: "tmpfs")
            guard let source = values["source"], !source.isEmpty else {
                throw CFSError(
                    .invalidArgument, .parsing, "--mount has no source: \(text)", hint: "add src=/path/of/the/host")
            }
            mount = MountRequest(
                kind: .bind(source: try VolumeSyntax.source(source, of: "--mount", caller)), target: target)
            mount.recursive = !(try isOn("bind-nonrecursive"))
            mount.idMapped = try isOn("idmap")
            mount.propagation = try propagation()
        } else {
            for key in ["source", "idmap", "bind-"] { try refuse(key, of: "bind") }
            var size: ByteCount?
            if let text = values["tmpfs-size"] { size = try TmpfsSyntax.bytes(text) }
            var mode: UInt32 = 0o1777
            if let text = values["tmpfs-mode"] { mode = try TmpfsSyntax.permissions(text) }
            mount = TmpfsSyntax.request(target: target, size: size, mode: mode)
        }
        mount.readOnly = try isOn("readonly")
        var words = MountWords()
        for word in MountWords.forTmpfs where values[word] != nil {
            guard try isOn(word) else {
                throw CFSError(
                    .invalidArgument, .parsing, "--mount: \(word) cannot be false", hint: "write its opposite")
            }
            try words.apply(word, to: &mount, allowed: MountWords.forTmpfs)
        }
        return mount
    }

    private func propagation() throws(CFSError) -> String? {
        guard let word = values["bind-propagation"] else { return nil }
        guard MountWords.propagations.contains(word) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(word)\" is not a propagation",
                hint: "use one of \(MountWords.propagations.joined(separator: " "))")
        }
        return word
    }

    private func isOn(_ key: String) throws(CFSError) -> Bool {
        switch values[key] {
        case nil, "false", "0": return false
        case "", "true", "1": return true
        case let value?:
            throw CFSError(.invalidArgument, .parsing, "--mount: \(key) is on or off, not \"\(value)\"")
        }
    }

    private func refuse(_ prefix: String, of type: String) throws(CFSError) {
        for key in values.keys.sorted() where key.hasPrefix(prefix) {
            throw CFSError(.invalidArgument, .parsing, "--mount: the key \(key) is for type=\(type)")
        }
    }

    /// Cuts at commas; a field in double quotes may contain some (RFC 4180, as Docker reads it).
    private static func fields(_ text: String) throws(CFSError) -> [String] {
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        for character in text {
            switch character {
            case "\"" where isQuoted || field.isEmpty: isQuoted.toggle()
            case "," where !isQuoted:
                fields.append(field)
                field = ""
            default: field.append(character)
            }
        }
        guard !isQuoted else {
            throw CFSError(.invalidArgument, .parsing, "--mount: a quotation mark is not closed: \(text)")
        }
        return fields + [field]
    }
}
