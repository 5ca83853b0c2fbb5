import ArgumentParser
import CFSCore
import CFSOptions

/// One verb of the command line.
///
/// ArgumentParser's tree of definitions, and the reflection that fills it, take two milliseconds of a start: as long as all
/// that cfs does besides. So verbs that people wait for read ``CanonicalArguments`` themselves, and what they declare for
/// ArgumentParser serves help texts, completions and the tests that hold the two against each other.
protocol Verb: ParsableCommand {
    static var optionNames: OptionNames { get }
    /// Whether everything behind the first word belongs to a command that runs inside.
    static var optionsEndAtFirstWord: Bool { get }
    /// Whether its exit status is that of a command: the engine's own failures are 125, 126 and 127 then.
    static var startsCommand: Bool { get }
    /// The same of a verb for which it depends on its arguments, as the user wrote them.
    static func startsCommand(_ arguments: [String]) -> Bool

    /// Does it.
    ///
    /// - Parameter name: how the user called the verb, for errors.
    /// - Returns: the exit status.
    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32
}

extension Verb {
    static var optionsEndAtFirstWord: Bool { false }
    static var startsCommand: Bool { false }
    static func startsCommand(_ arguments: [String]) -> Bool { startsCommand }
}

/// A verb whose arguments ArgumentParser reads.
protocol ParsedVerb: Verb {
    /// Does it; returns the exit status.
    func perform() throws(CFSError) -> Int32
}

extension ParsedVerb {
    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        try parse(arguments, name: name).perform()
    }

    /// The verb with its arguments; only its own part of the tree is built.
    static func parse(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Self {
        do {
            if let verb = try parseAsRoot(arguments.all) as? Self { return verb }
        } catch {
            throw ErrorText.usage(message(for: error), verb: name)
        }
        throw ErrorText.usage("cannot read the arguments", verb: name)
    }
}
