import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs events`: what happens.
struct EventsCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Print what happens to containers and images.",
        usage: "cfs events [<options>]",
        discussion: """
            Goes on until it is interrupted, or until the time of --until. Filters: container, image, event, type. Several of \
            one kind: one of them is enough; of several kinds, all must hold. event=health_status takes every status.

            Examples:
              cfs events --since 10m --until 0s
              cfs events --filter event=die --format json
            """)

    static let optionNames =
        OptionNames(values: ["since", "until", "filter f", "format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("From this time on: 2026-11-24T08:26:10Z, or 10m for so long ago.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Until this time.", valueName: "time"))
    var until: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Only these events.", valueName: "KEY=VALUE"))
    var filter: [String] = []

    @Option(help: ArgumentHelp("Print as text or json.", valueName: "format"), completion: .list(["text", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let wanted = try wanted(now: SystemClock.realtime)
        guard format == nil || format == "text" || format == "json" else {
            throw CFSError(
                .invalidArgument, .parsing, "--format does not take \"\(format ?? "")\"", hint: "write text or json")
        }
        let events = try globals.engine().events(wanted) { StandardError.warn($0) }
        while let event = try events.nextBlocking() {
            try StandardOutput.write(format == "json" ? Self.json(event) : Self.text(event))
        }
        return 0
    }

    /// What the options ask for.
    func wanted(now: UInt64) throws(CFSError) -> EventFilter {
        var wanted = EventFilter()
        if let since { wanted.since = try TimeSyntax.time(since, now: now) }
        if let until { wanted.until = try TimeSyntax.time(until, now: now) }
        try TimeSyntax.checkOrder(since: wanted.since, until: wanted.until)
        // An end that has passed asks for what was; all of it, when no beginning is named.
        if let until = wanted.until, until <= now, wanted.since == nil { wanted.since = 0 }
        for text in try FilterSyntax.filters(filter, keys: ["container", "image", "event", "type"]) {
            switch text.key {
            case "container": wanted.containers.append(text.value)
            case "image": wanted.images.append(text.value)
            case "event": wanted.actions.append(try Self.action(text.value))
            default:
                let kinds = EngineEvent.Kind.allCases.map(\.rawValue)
                let kind = try FilterSyntax.word(text.value, of: kinds, what: "type of events", plural: "types")
                wanted.kinds += EngineEvent.Kind(rawValue: kind).map { [$0] } ?? []
            }
        }
        return wanted
    }

    /// `health_status: healthy` too.
    private static func action(_ text: String) throws(CFSError) -> String {
        let parts = text.split(separator: ":", maxSplits: 1).map { String($0) }
        let action = try FilterSyntax.word(
            parts.first ?? text, of: EngineEvent.actions, what: "event", plural: "events")
        guard parts.count == 2 else { return action }
        let status = String(parts[1].drop { $0 == " " })
        guard action == "health_status" else {
            throw CFSError(.invalidArgument, .parsing, "there is no event \"\(text)\"", hint: "write event=\(action)")
        }
        let known = Health.Status.allCases.map(\.rawValue)
        return "\(action): \(try FilterSyntax.word(status, of: known, what: "health", plural: "words"))"
    }

    /// `TIME KIND ACTION ID (key=value, ...)`, as Docker prints it.
    static func text(_ event: EngineEvent) -> String {
        var facts = event.attributes.map { "\($0.key)=\($0.value)" }
        if !event.image.isEmpty { facts.append("image=\(event.image)") }
        if !event.name.isEmpty { facts.append("name=\(event.name)") }
        let line =
            "\(Timestamp.text(event.time)) \(event.kind.rawValue) \(event.action) \(event.id) "
            + "(\(facts.joined(separator: ", ")))"
        return Printable.text(line) + "\n"
    }

    /// One line; the members are Docker's where Docker has them.
    static func json(_ event: EngineEvent) -> String {
        var attributes = event.attributes.map { ($0.key, JSON.string($0.value)) }
        if !event.image.isEmpty { attributes.append(("image", .string(event.image))) }
        attributes.append(("name", .string(event.name)))
        let object: JSON = [
            "Type": .string(event.kind.rawValue), "Action": .string(event.action),
            "Actor": ["ID": .string(event.id), "Attributes": .object(JSONObject(attributes))],
            "scope": "local", "time": .integer(Int64(clamping: event.time / 1_000_000_000)),
            "timeNano": JSON(unsigned: event.time),
        ]
        return object.text() + "\n"
    }
}
