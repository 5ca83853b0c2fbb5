import TestSupport
import Testing

extension EngineSuite {
    /// A network that ends with the body.
    package func withNetwork<Result>(
        _ name: String, _ options: [String] = [], _ body: () throws -> Result
    ) throws -> Result {
        let made = engine.run(["network", "create"] + options + [name])
        try #require(made.status == 0, "\(made.errors)")
        defer { engine.run("network", "rm", name) }
        return try body()
    }
}
