import CFSCore
import HTTPTypes
import HummingbirdCore

/// Images.
enum ImageRoutes {
    private static let types = ["application/x-tar", "application/octet-stream"]

    static let all: [Route] = [
        Route(
            .get, "/images", "images", "All images, by name", query: [Page.limit, Page.after],
            answer: .init(schema: Schemas.list(of: Schemas.image))
        ) { call in
            let page = try Page(call)
            return try await call.work.quick {
                let images = try call.engine.images()
                let uses = call.engine.layerUse(images)
                let (items, headers) = try page.cut(images, "/images", [], { $0.name }) { last in { $0.name > last } }
                return .json(.array(items.map { ImageDocument.json($0, uses) }), headers: headers)
            }
        },
        Route(
            .get, "/catalogue", "images", "What runs by its name without an import",
            answer: .init(schema: Schemas.list(of: Schemas.anyObject))
        ) { call in
            try await call.work.quick { .json(.array(try call.engine.catalogue().map(ImageDocument.item))) }
        },
        Route(
            .get, "/images/{name}", "images", "All that is known of an image",
            answer: .init(schema: Schemas.anyObject)
        ) { call in try await call.work.quick { .json(try call.engine.inspectImage(call["name"])) } },
        Route(
            .post, "/images", "images", "Import an image",
            query: [.init(name: "name", schema: Schemas.text, summary: "The name it gets", isRequired: true)],
            body: .bytes(types), answer: .init(schema: Schemas.image)
        ) { call in
            guard let name = try call.query.text("name"), !name.isEmpty else {
                throw ServerError(.invalidRequest, "the query has no name", hint: "write ?name=alpine")
            }
            let piece = try await Spool.receive(call, types)
            return try await call.work.long {
                let image: ImageRecord
                do throws(CFSError) {
                    image = try call.engine.importImage(name: name, from: piece.path)
                } catch {
                    throw piece.unnamed(error)
                }
                return .json(ImageDocument.json(image, call.engine.layerUse(try call.engine.images())))
            }
        },
        Route(
            .post, "/images/fetch", "images", "Fetch an image of the catalogue from its makers",
            body: .object(Schemas.object([("name", Schemas.text)], required: ["name"]), isRequired: true),
            answer: .init(schema: Schemas.image)
        ) { call in
            let object = try await call.object()
            guard let name = object["name"]?.string, object.entries.count == 1 else {
                throw ServerError(.invalidRequest, "the body has the field name and no other")
            }
            let image = try await call.engine.fetchImage(name: name)
            return try await call.work.quick {
                .json(ImageDocument.json(image, call.engine.layerUse(try call.engine.images())))
            }
        },
        Route(
            .delete, "/images/{name}", "images", "Remove a name, and what nothing else needs",
            query: [.init(name: "force", schema: Schemas.flag, summary: "Also the last name of an image in use")],
            answer: .init(schema: Schemas.anyObject)
        ) { call in
            let force = try call.query.flag("force")
            return try await call.work.long {
                .json(ImageDocument.removal(try call.engine.removeImage(call["name"], force: force), call["name"]))
            }
        },
        Route(
            .get, "/images/{name}/export", "images", "An image as an OCI layout in a tar",
            answer: .init(type: "application/x-tar", schema: ["type": "string", "format": "binary"])
        ) { call in
            try await Spool.send(call, type: "application/x-tar") { descriptor in
                try call.engine.exportImage(call["name"], toDescriptor: descriptor)
            }
        },
    ]
}
