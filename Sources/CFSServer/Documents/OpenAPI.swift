import CFSCore

/// The OpenAPI 3.1 document of a table of routes: made of what dispatches, so that it cannot say anything else.
enum OpenAPI {
    static func document(_ routes: [Route]) -> JSON {
        var paths = JSONObject()
        for route in routes {
            var item = paths[route.path]?.object ?? JSONObject()
            item[route.method.rawValue.lowercased()] = operation(route)
            paths[route.path] = .object(item)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "cfsd", "version": .string(Engine.version),
                "description": "The REST interface of the container engine cfs.",
            ],
            "paths": .object(paths), "components": ["schemas": Schemas.components],
        ]
    }

    private static func operation(_ route: Route) -> JSON {
        var operation = JSONObject([
            ("summary", .string(route.summary)), ("tags", [.string(route.group)]),
        ])
        let parameters = places(route) + route.query.map(parameter)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        switch route.body {
        case .none: break
        case .object(let schema, let isRequired):
            operation["requestBody"] = [
                "required": .bool(isRequired), "content": ["application/json": ["schema": schema]],
            ]
        case .bytes(let types):
            operation["requestBody"] = [
                "required": true,
                "content": .object(
                    JSONObject(types.map { ($0, ["schema": ["type": "string", "format": "binary"]]) })),
            ]
        }
        operation["responses"] = .object(
            JSONObject([(String(route.answer.status), success(route.answer)), ("default", failure)]))
        return .object(operation)
    }

    private static func places(_ route: Route) -> [JSON] {
        route.segments.compactMap { segment in
            guard case .parameter(let name) = segment else { return nil }
            return [
                "name": .string(name), "in": "path", "required": true, "schema": ["type": "string", "minLength": 1],
            ]
        }
    }

    private static func parameter(_ parameter: Route.QueryParameter) -> JSON {
        [
            "name": .string(parameter.name), "in": "query", "required": .bool(parameter.isRequired),
            "description": .string(parameter.summary),
            "schema": parameter.isRepeatable ? Schemas.list(of: parameter.schema) : parameter.schema,
        ]
    }

    private static func success(_ answer: Route.Answer) -> JSON {
        var content = JSONObject([(answer.type, ["schema": answer.schema])])
        for type in answer.alternatives { content[type] = ["schema": Schemas.text] }
        return ["description": "What was asked for.", "content": .object(content)]
    }

    private static let failure: JSON = [
        "description": "What failed.", "content": ["application/json": ["schema": Schemas.reference("Error")]],
    ]
}
