/// Verbs of other engines: what cfs has in their place, or that it has nothing there.
enum ForeignVerbs {
    /// By what somebody wants: the words of cfs.
    private static let words: [(verb: String, meant: String)] = [
        ("pull", "`cfs image fetch` fetches an image of the catalogue, `cfs image import` takes one from a file"),
        ("load", "`cfs image import NAME FILE` reads what `docker save` writes"),
        ("import", "`cfs image import NAME FILE`"),
        ("export", "`cfs image export -o FILE IMAGE` writes an image; a container cannot be exported yet"),
        ("save", "`cfs image export -o FILE IMAGE`"),
        ("fetch", "`cfs image fetch NAME`"),
        ("rmi", "`cfs image rm IMAGE`"),
        ("ls", "`cfs ps` lists containers, `cfs images` images"),
        ("list", "`cfs ps` lists containers, `cfs images` images"),
        ("wait", "`cfs logs -f CONTAINER` stays until the end, and `cfs inspect` has the exit status"),
        ("container", "verbs of containers stand alone: cfs ps, cfs rm"),
        ("recover", "`cfs system recover`"),
        ("df", "`cfs info` and `cfs images` say what the store holds"),
        ("cp", "`cfs exec -i CONTAINER tar` with a pipe copies files, and `cfs run -v` shares them"),
        ("volume", "a folder of the host is mounted with `cfs run -v`; named volumes do not exist yet"),
        ("network", "`cfs run --network` takes none, host or container:ID; named networks do not exist yet"),
        ("port", "no port can be published yet: `cfs run --network host` shares those of the host"),
        ("build", notYet), ("commit", notYet), ("push", notYet), ("login", notYet), ("logout", notYet),
        ("search", notYet), ("tag", notYet), ("diff", notYet), ("rename", notYet),
        ("compose", notYet), ("pod", notYet), ("prune", notYet),
    ]
    private static let notYet = "cfs has no such verb yet; see cfs --help"

    /// What to say of one at the top; nil for every other word. Among the verbs of images those that other engines have
    /// there too.
    static func hint(_ verb: String, _ group: String?) -> String? {
        switch group {
        case nil: words.first { $0.verb == verb }?.meant
        case "image" where ["pull", "load", "save", "build", "push", "tag", "history", "prune"].contains(verb):
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
