import CFSCore
import Testing

@testable import CFSServer

@Suite("The OpenAPI document")
struct OpenAPITests {
    private let document = OpenAPI.document(RestService.routes)

    @Test("every route that dispatches stands in it, and nothing else")
    func complete() {
        var found: Set<String> = []
        for (path, item) in document["paths"]?.object?.entries ?? [] {
            for (method, _) in item.object?.entries ?? [] { found.insert("\(method.uppercased()) \(path)") }
        }
        #expect(found == Set(RestService.routes.map { "\($0.method.rawValue) \($0.path)" }))
        #expect(found.count == RestService.routes.count)
    }

    @Test("what it refers to is there")
    func references() {
        let text = document.text()
        for part in text.split(separator: "#/components/schemas/").dropFirst() {
            let name = String(part.prefix { $0.isLetter })
            #expect(document["components"]?["schemas"]?[name] != nil, "\(name)")
        }
    }

    @Test("a path finds its route, whatever stands in its places")
    func dispatch() {
        let table = RouteTable(RestService.routes)
        guard case .route(let route, let places) = table.find(.get, ["containers", "web", "logs"]) else {
            Issue.record("no route")
            return
        }
        #expect(route.path == "/containers/{id}/logs" && places == ["id": "web"])
        guard case .otherMethods(let methods) = table.find(.put, ["containers", "web"]) else {
            Issue.record("no methods")
            return
        }
        #expect(Set(methods) == [.get, .delete])
        guard case .nothing = table.find(.get, ["containers", "web", "x", "y"]) else {
            Issue.record("there is something")
            return
        }
    }
}
