/// Verbs of other engines: what cfs has in their place, or that it has nothing there.
enum ForeignVerbs {
    /// By what somebody wants: the words of cfs.
    private static let words: [(verb: String, meant: String)] = [
        ("pull", "`cfs image fetch` fetches an image of the catalogue, `cfs image import` takes one from a file"),
        ("load", "`cfs image import NAME FILE` reads what `docker save` writes"),
        ("import", "`cfs image import NAME FILE`, with - for standard input"),
        ("save", "`cfs image export -o FILE IMAGE`"),
        ("fetch", "`cfs image fetch NAME`"),
        ("rmi", "`cfs image rm IMAGE`"),
        ("ls", "`cfs ps` lists containers, `cfs images` images"),
        ("list", "`cfs ps` lists containers, `cfs images` images"),
        ("recover", "`cfs system recover`"), ("df", "`cfs system df`"),
        ("prune", "`cfs container prune` or `cfs system prune`"),
        ("volume", "a folder of the host is mounted with `cfs run -v`; named volumes do not exist yet"),
        ("build", notYet), ("push", notYet), ("login", notYet), ("logout", notYet), ("search", notYet),
        ("tag", notYet), ("compose", notYet), ("pod", notYet),
    ]
    private static let notYet = "cfs has no such verb yet; see cfs --help"

    /// What to say of one at the top; nil for every other word. Among the verbs of images those that other engines have
    /// there too.
    static func hint(_ verb: String, _ group: String?) -> String? {
        switch group {
        case nil: words.first { $0.verb == verb }?.meant
        case "container": words.first { $0.verb == verb }?.meant
        case "image" where verb == "prune": "`cfs system prune --all` removes the images that no container is made of"
        case "image" where ["pull", "load", "save", "build", "push", "tag", "history"].contains(verb):
            words.first { $0.verb == verb }?.meant
        default: nil
        }
    }

    /// Verbs that end something: nobody should type one by a guess.
    private static let endings = ["kill", "rm", "stop"]

    /// Whether a word is near enough to a verb to be a slip of the finger: of short words nearly every other is near.
    static func isSlip(_ word: String, of verb: String) -> Bool {
        let letters = Array(word.lowercased())
        let meant = Array(verb)
        if letters.sorted() == meant.sorted() { return true }
        guard endings.contains(verb) || min(letters.count, meant.count) < 4 else { return true }
        // One letter too many, too few, or wrong.
        let common = zip(letters, meant).prefix { $0 == $1 }.count
        let end = zip(letters.reversed(), meant.reversed()).prefix { $0 == $1 }.count
        return max(letters.count, meant.count) > 2 && max(letters.count, meant.count) - common - end <= 1
    }
}
