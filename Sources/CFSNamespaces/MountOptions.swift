import CFSLinux
import CFSModel

/// The options of an OCI mount, taken apart (runtime-spec, config.md, mounts; mount(8) has the same words).
struct MountOptions {
    /// Attributes of mounts, to be set and to be cleared.
    struct Change: Hashable {
        var set: Mounting.Attributes = []
        var clear: Mounting.Attributes = []

        mutating func apply(_ attribute: Mounting.Attributes, _ sets: Bool) {
            if sets {
                set.insert(attribute)
                clear.remove(attribute)
            } else {
                clear.insert(attribute)
                set.remove(attribute)
            }
        }

        mutating func apply(accessTimes way: Mounting.Attributes) {
            clear.insert(.accessTimes)
            set.subtract(.accessTimes)
            set.formUnion(way)
        }
    }

    /// Of the mount and of those below it together.
    var all = Change()
    /// Of the mount itself.
    var own = Change()
    /// Of the mount and those below it (`rro` and its like).
    var below = Change()
    var set: Mounting.Attributes { all.set }
    var clear: Mounting.Attributes { all.clear }
    var recursiveAttributes: Bool { below != Change() }
    var propagation: Mounting.Propagation?
    var isBind = false
    var isRecursiveBind = false
    var idMapped = false
    var isRecursivelyMapped = false
    /// Whether a new file system begins with what lies under it.
    var copiesUp = false
    /// What is left is for the file system itself.
    var data: [String] = []

    // Switches, not dictionaries: the first use of a dictionary makes the runtime search for conformances.
    private static func flag(_ word: some StringProtocol) -> (Mounting.Attributes, sets: Bool)? {
        switch String(word) {
        case "ro": (.readOnly, true)
        case "rw": (.readOnly, false)
        case "nosuid": (.noSetUID, true)
        case "suid": (.noSetUID, false)
        case "nodev": (.noDevices, true)
        case "dev": (.noDevices, false)
        case "noexec": (.noExecute, true)
        case "exec": (.noExecute, false)
        case "nodiratime": (.noDirectoryAccessTime, true)
        case "diratime": (.noDirectoryAccessTime, false)
        case "nosymfollow": (.noSymlinkFollow, true)
        case "symfollow": (.noSymlinkFollow, false)
        default: nil
        }
    }

    /// Ways to write access times, of which one holds: the kernel's default is relatime.
    private static func accessTimes(_ word: some StringProtocol) -> Mounting.Attributes? {
        switch String(word) {
        case "noatime": .noAccessTime
        case "strictatime": .strictAccessTime
        case "relatime", "atime", "norelatime", "nostrictatime": []
        default: nil
        }
    }

    init(_ options: [String]) {
        for option in options {
            if let (attribute, sets) = Self.flag(option) {
                all.apply(attribute, sets)
                own.apply(attribute, sets)
            } else if option.hasPrefix("r"), let (attribute, sets) = Self.flag(option.dropFirst()) {
                all.apply(attribute, sets)
                below.apply(attribute, sets)
            } else if let way = Self.accessTimes(option) {
                all.apply(accessTimes: way)
                own.apply(accessTimes: way)
            } else if option.hasPrefix("r"), let way = Self.accessTimes(option.dropFirst()) {
                all.apply(accessTimes: way)
                below.apply(accessTimes: way)
            } else if let propagation = Mounting.Propagation(rawValue: option) {
                self.propagation = propagation
            } else {
                switch option {
                case "bind": isBind = true
                case "rbind": (isBind, isRecursiveBind) = (true, true)
                case "idmap": idMapped = true
                case "ridmap": (idMapped, isRecursivelyMapped) = (true, true)
                case "tmpcopyup": copiesUp = true
                case "defaults", "async", "nomand", "nolazytime", "noiversion", "silent", "loud": break
                default: data.append(option)
                }
            }
        }
    }
}

/// The options of mounts that every file system takes, by name (runtime-spec, config.md, Linux mount options).
public enum MountOptionNames {
    /// Sorted. Each is taken by ``MountOptions``, which a test holds it to.
    public static let all: [String] = {
        let attributes = [
            "ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec", "nodiratime", "diratime", "nosymfollow",
            "symfollow", "noatime", "atime", "strictatime", "nostrictatime", "relatime", "norelatime",
        ]
        let propagations = ["private", "shared", "slave", "unbindable"]
        let others = [
            "bind", "rbind", "idmap", "ridmap", "tmpcopyup", "defaults", "async", "nomand", "nolazytime", "noiversion",
            "silent", "loud",
        ]
        return (attributes + attributes.map { "r\($0)" } + propagations + propagations.map { "r\($0)" } + others)
            .sorted()
    }()
}
