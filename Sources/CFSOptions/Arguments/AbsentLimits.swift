import CFSCore

/// Options of other engines that cgroup v2, or cfs, has not: whoever asks for one hears why, and what there is instead.
package enum AbsentLimits {
    private static let reasons: [(option: String, reason: String, hint: String)] = [
        ("kernel-memory", "cgroup v2 counts kernel memory together with the rest", "--memory limits both"),
        ("kernel-memory-tcp", "cgroup v2 counts socket buffers together with the rest", "--memory limits both"),
        (
            "memory-swappiness", "cgroup v2 has no swappiness of a group",
            "--memory-swap says how much may be swapped; the same as --memory means nothing"
        ),
        ("cpu-rt-runtime", "cgroup v2 gives no group a realtime budget", "--cpus and --cpu-weight share processors"),
        ("cpu-rt-period", "cgroup v2 gives no group a realtime budget", "--cpus and --cpu-weight share processors"),
        (
            "blkio-weight-device", "a weight for one disk is set by the file of cgroup v2",
            "write --cgroup-conf \"io.weight=8:0 200\""
        ),
        (
            "pull", "images come from no registry that could have a newer one",
            "leave it away: an image that is there is taken as it is, and one of the catalogue is made when it is missing; "
                + "`cfs image fetch NAME` gets it from its makers"
        ),
        (
            "volumes-from", "cfs takes no mounts over from another container",
            "name the same folders for both: -v /srv/data:/data"
        ),
        ("link", "containers on one network find each other by their names", "write --network NET for both"),
        (
            "platform", "containers run on this machine's own processor, as their image is",
            "leave it away; `cfs images` says for which processor an image is"
        ),
        (
            "domainname", "a container has no NIS domain name of its own",
            "--hostname takes a name with a domain: web.example.org"
        ),
        (
            "attach", "all streams of a container in front are joined",
            "leave it away, and -i for standard input; with -d none is joined, and `cfs attach` joins later"
        ),
        (
            "sig-proxy", "signals always go on to a container in front",
            "leave it away; with -d they do not, and `cfs kill -s` sends one"
        ),
        ("gpus", "cfs has no drivers that hand in a GPU", "--device /dev/dri/renderD128 gives a container that device"),
    ]

    /// Those that other engines have as a letter, too.
    private static let letters: [(letter: Character, option: String)] = [("a", "attach")]

    /// The error for a letter that is one of them.
    package static func error(letter: Character) -> CFSError? {
        letters.first { $0.letter == letter }.flatMap { error($0.option) }.map { error in
            var told = error
            told.message = "-\(letter), " + error.message
            return told
        }
    }

    /// The error for an option that is one of them, by its name without dashes.
    package static func error(_ option: String) -> CFSError? {
        reasons.first { $0.option == option }.map {
            CFSError(.invalidArgument, .parsing, "--\(option) is not possible: \($0.reason)", hint: $0.hint)
        }
    }
}
