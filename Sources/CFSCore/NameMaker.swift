/// Makes up names for containers: a quality and a craft of the sea, `calm-ferry`.
enum NameMaker {
    private static let qualities = [
        "able", "amber", "bold", "brave", "brisk", "bright", "calm", "clear", "deft", "eager", "early", "fair",
        "fast", "fine", "fond", "fresh", "glad", "grand", "happy", "hardy", "keen", "kind", "light", "lively",
        "lucky", "merry", "mild", "neat", "noble", "plain", "proud", "quick", "quiet", "rapid", "ready", "royal",
        "sharp", "silent", "smart", "solid", "sound", "spry", "steady", "still", "stout", "sunny", "sure", "swift",
        "tall", "tidy", "true", "vivid", "warm", "wise",
    ]
    private static let crafts = [
        "barge", "barque", "boat", "brig", "canoe", "caravel", "catboat", "clipper", "cog", "coracle", "curragh",
        "cutter", "dhow", "dinghy", "dory", "ferry", "frigate", "galley", "galleon", "gig", "gondola", "gunter",
        "hooker", "hoy", "jolly", "junk", "kayak", "keel", "ketch", "launch", "liner", "lugger", "nao", "packet",
        "pinnace", "pram", "proa", "punt", "raft", "sampan", "scow", "shallop", "skiff", "sloop", "smack", "tender",
        "trawler", "tug", "wherry", "xebec", "yawl", "zulu",
    ]

    /// - Parameter attempt: from the second on, a number follows, so that even a full sea has names left.
    static func make(attempt: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        let quality = qualities.randomElement(using: &generator) ?? "calm"
        let craft = crafts.randomElement(using: &generator) ?? "ferry"
        return attempt == 0
            ? "\(quality)-\(craft)" : "\(quality)-\(craft)-\(UInt16.random(in: 0 ... .max, using: &generator))"
    }
}
