import CFSCore

/// What is kept of a container's output.
package struct LoggingOptions {
    package static let optionNames = OptionNames(values: ["log-driver"], lists: ["log-opt"])

    private let driver: String?
    private let options: [String]

    package init(_ arguments: CanonicalArguments) {
        driver = arguments.value("log-driver")
        options = arguments.values("log-opt")
    }

    package func fill(_ spec: inout ContainerSpec) throws(CFSError) {
        guard driver != nil || !options.isEmpty else { return }
        spec.log = try LogOptSyntax.policy(driver: driver, options: options)
    }
}
