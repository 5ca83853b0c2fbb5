extension CFSError {
    /// The error as data, for another process or the REST interface.
    public var json: JSON {
        var out = JSONBuilder()
        out.set("code", "\(code)")
        out.set("phase", phase.rawValue)
        out.set("message", message)
        out.set("systemCall", systemCall)
        out.set("path", path)
        out.set("errno", errno.map { Int($0) })
        out.set("hint", hint)
        return out.json
    }

    /// The error that another process wrote; nil when it is none.
    public init?(json: JSON) {
        guard let code = json["code"]?.string.flatMap({ Code(named: $0) }),
            let phase = json["phase"]?.string.flatMap({ Phase(rawValue: $0) }), let message = json["message"]?.string
        else { return nil }
        self.init(
            code, phase, message, systemCall: json["systemCall"]?.string, path: json["path"]?.string,
            errno: json["errno"]?.integer.map { Int32(clamping: $0) }, hint: json["hint"]?.string)
    }
}
