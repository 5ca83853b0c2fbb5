import CFSModel
import TestSupport
import Testing

@Suite("The schema that the table is held to", .enabled(if: Schema.folder.isThere, "\(Schema.folder.missing)"))
struct SchemaTests {
    @Test("the properties that the tests know are those of the published schema")
    func properties() throws {
        var schema = Schema()
        try schema.collect(try schema.file("config-schema.json"), of: "config-schema.json", at: "")
        let foreign = ["solaris.", "windows.", "vm.", "zos.", "freebsd."]
        let found = schema.found.filter { property in !foreign.contains { property.hasPrefix($0) } }
        #expect(found == SchemaProperties.all)
    }
}

/// Collects the properties of JSON schemas, through all references.
private struct Schema {
    static let folder = Repository.Specification.runtime
    private(set) var found: [String] = []
    private var files: [String: JSON] = [:]

    mutating func file(_ name: String) throws -> JSON {
        if let known = files[name] { return known }
        let text = try #require(textOfFile("\(Self.folder.path)/\(name)"))
        let json = try JSON(parsing: Array(text.utf8), what: name)
        files[name] = json
        return json
    }

    mutating func collect(_ node: JSON, of file: String, at place: String) throws {
        if let reference = node["$ref"]?.string {
            let parts = reference.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
            let name = parts[0].isEmpty ? file : parts[0]
            var target = try self.file(name)
            for key in parts[1].split(separator: "/") { target = try #require(target[String(key)], "\(reference)") }
            try collect(target, of: name, at: place)
        }
        for (key, value) in node["properties"]?.object?.entries ?? [] {
            let property = place.isEmpty ? key : "\(place).\(key)"
            if !found.contains(property) { found.append(property) }
            try collect(value, of: file, at: property)
        }
        for (_, value) in node["patternProperties"]?.object?.entries ?? [] {
            try collect(value, of: file, at: "\(place).*")
        }
        if let others = node["additionalProperties"] { try collect(others, of: file, at: "\(place).*") }
        if let items = node["items"] { try collect(items, of: file, at: "\(place)[]") }
        for key in ["allOf", "anyOf", "oneOf"] {
            for part in node[key]?.array ?? [] { try collect(part, of: file, at: place) }
        }
    }
}
