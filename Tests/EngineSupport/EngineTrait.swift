import Glibc
import Testing

/// Gives a suite an engine of its own, and fails the suite when something of a container is left at its end.
package struct EngineTrait: SuiteTrait, TestScoping {
    /// Whether what is the host's network for the engine is one of the suite's own.
    var hasOwnNetwork = false

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let engine = EngineFixture(network: hasOwnNetwork ? try HostNetwork() : nil)
        try await EngineFixture.$current.withValue(engine) { try await function() }
        engine.expectNothingLeft(location: test.sourceLocation)
    }
}

extension Trait where Self == EngineTrait {
    /// One engine for all tests of the suite, which may run at the same time.
    package static var engine: EngineTrait { EngineTrait() }

    /// Likewise, in a network namespace that stands for the host's.
    package static var engineWithNetwork: EngineTrait { EngineTrait(hasOwnNetwork: true) }
}

/// Whether this host can run containers for the tests.
package enum Host {
    /// Why not; nil when it can.
    package static let missing: String? =
        if EngineFixture.builtBinary.isEmpty {
            "CFS_TEST_BINARY does not name the built cfs: use `make test-root`"
        } else if access(EngineFixture.builtBinary, X_OK) != 0 {
            "\(EngineFixture.builtBinary) cannot be executed"
        } else if geteuid() != 0 {
            "making containers needs root"
        } else {
            nil
        }
}

extension Trait where Self == ConditionTrait {
    package static var needsHost: ConditionTrait {
        .enabled(if: Host.missing == nil, Comment(rawValue: Host.missing ?? ""))
    }
}

/// A suite with the trait ``Trait/engine``.
package protocol EngineSuite {}

extension EngineSuite {
    package var engine: EngineFixture {
        guard let engine = EngineFixture.current else { preconditionFailure("the suite lacks the trait .engine") }
        return engine
    }
}
