import CFSCore
import CFSOptions

/// JSON Schemas (draft 2020-12, as OpenAPI 3.1 has them) of what is sent and answered.
enum Schemas {
    static let text: JSON = ["type": "string"]
    static let flag: JSON = ["type": "boolean"]
    static let integer: JSON = ["type": "integer"]
    static let number: JSON = ["type": "number"]
    static let time: JSON = ["type": "string", "format": "date-time"]
    /// A time, or how long ago, as `TimeSyntax` reads them.
    static let moment: JSON = [
        "description": "A time (2026-11-24T08:26:10Z), seconds since 1970, or a span before now (10m)",
        "anyOf": [
            time, ["type": "string", "pattern": #"^[0-9]{1,10}(\.[0-9]{1,9})?$"#],
            ["type": "string", "pattern": "^([0-9]{1,6}(ms|s|m|h))+$"],
        ],
    ]
    static let anyObject: JSON = ["type": "object"]
    static let seconds: JSON = ["type": "integer", "minimum": 0, "maximum": 86400]
    static let signal: JSON = ["type": ["string", "integer"]]

    static func choice(_ values: [String]) -> JSON { ["type": "string", "enum": JSON(values)] }
    static func list(of items: JSON) -> JSON { ["type": "array", "items": items] }
    static func map(of values: JSON) -> JSON { ["type": "object", "additionalProperties": values] }

    /// An object of these members and no others.
    static func object(_ members: [(String, JSON)], required: [String] = []) -> JSON {
        var schema = JSONObject([
            ("type", "object"), ("properties", .object(JSONObject(members))), ("additionalProperties", false),
        ])
        if !required.isEmpty { schema["required"] = JSON(required) }
        return .object(schema)
    }

    /// An object of at least these members: more may come with a newer version.
    private static func answer(_ members: [(String, JSON)], required: [String]) -> JSON {
        ["type": "object", "properties": .object(JSONObject(members)), "required": JSON(required)]
    }

    static func reference(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }
    static let container = reference("Container")
    static let historyEntry = reference("Run")
    static let started = reference("Started")
    static let image = reference("Image")
    static let network = reference("Network")

    private static let strings = list(of: text)
    private static let state = choice(["Running", "Stopped", "Stopped: ERROR"])

    static let ended = answer(
        [("id", text), ("exitCode", integer), ("signal", integer), ("reason", text)], required: ["id", "exitCode"])

    static let exec = object(
        [
            ("command", command), ("env", oneOrMany), ("env-file", oneOrMany), ("workdir", text), ("user", text),
            ("privileged", flag), ("detach", flag),
        ], required: ["command"])

    private static let command: JSON = ["type": ["string", "array"], "items": text]
    static let oneOrMany: JSON = ["type": ["string", "array"], "items": text]

    /// Both meanings of `POST /run`; the options are those of the command line.
    static let runRequest: JSON = {
        var fields: [(String, JSON)] = [
            ("state", ["const": "run"]), ("image", ["type": "string", "minLength": 1]), ("command", command),
            ("wait", flag),
        ]
        for option in ContainerOptions.optionNames.all where !RunRequest.refusedOptions.contains(option.name) {
            let schema: JSON =
                !option.takesValue
                ? flag
                : option.isRepeatable
                    ? ["type": ["string", "number", "array"], "items": ["type": ["string", "number"]]]
                    : ["type": ["string", "number"]]
            fields.append((option.name, schema))
        }
        let stop: [(String, JSON)] = [
            ("state", ["const": "stop"]), ("id", ["type": "string", "minLength": 1]), ("time", seconds),
        ]
        return [
            "oneOf": [
                object(fields, required: ["state", "image"]), object(stop, required: ["state", "id"]),
            ]
        ]
    }()

    private static let containerMembers: [(String, JSON)] = [
        ("id", ["type": "string", "format": "uuid"]), ("name", text), ("state", state),
        ("status", choice(["created", "running", "paused", "stopping", "exited", "dead"])), ("image", text),
        ("imageDigest", text), ("command", text), ("arguments", strings), ("labels", map(of: text)),
        ("createdAt", time), ("startedAt", time), ("finishedAt", time), ("pid", integer), ("exitCode", integer),
        ("reason", text), ("restarts", integer), ("health", choice(["starting", "healthy", "unhealthy"])),
        ("autoRemove", flag),
    ]

    private static let networkMember = answer(
        [
            ("id", text), ("name", text), ("status", text), ("addresses", strings), ("hardwareAddress", text),
            (
                "ports",
                list(
                    of: answer(
                        [("hostAddress", text), ("hostPort", integer), ("port", integer), ("transport", text)],
                        required: ["hostPort", "port", "transport"]))
            ),
        ], required: ["id", "name", "status", "addresses", "ports"])

    /// What others refer to.
    static let components: JSON = [
        "Container": answer(containerMembers, required: ["id", "name", "state", "status", "image", "command"]),
        "Started": answer(
            containerMembers + [
                ("warnings", strings), ("signal", integer), ("stdout", text), ("stderr", text), ("output", text),
                ("truncated", flag),
            ], required: ["id", "state", "image", "command"]),
        "Run": answer(
            [
                ("id", text), ("state", state), ("image", text), ("command", text), ("number", integer), ("name", text),
                ("arguments", strings), ("verb", choice(["run", "start", "restart"])), ("uid", integer),
                ("startedAt", time), ("finishedAt", time), ("exitCode", integer), ("reason", text),
            ], required: ["id", "state", "image", "command"]),
        "Image": answer(
            [
                ("name", text), ("digest", text), ("source", choice(["offline", "upstream", "imported", "committed"])),
                ("architecture", text), ("size", integer), ("createdAt", time), ("layers", list(of: anyObject)),
            ], required: ["name", "digest", "layers"]),
        "Network": answer(
            [
                ("id", text), ("name", text), ("driver", choice(["bridge", "macvlan", "ipvlan"])), ("internal", flag),
                ("device", text), ("mtu", integer), ("labels", map(of: text)), ("createdAt", time),
                ("subnets", list(of: answer([("subnet", text), ("gateway", text)], required: ["subnet"]))),
                ("containers", list(of: networkMember)),
            ], required: ["id", "name", "driver", "internal", "device", "subnets", "containers"]),
        "Error": answer(
            [
                ("code", text), ("phase", text), ("message", text), ("hint", text), ("systemCall", text),
                ("path", text),
                ("errno", integer),
            ], required: ["code", "phase", "message"]),
    ]
}
