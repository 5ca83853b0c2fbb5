import CFSLinux
import CFSModel

/// The options of an OCI mount, taken apart (runtime-spec, config.md, mounts; mount(8) has the same words).
struct MountOptions {
    var set: Mounting.Attributes = []
    var clear: Mounting.Attributes = []
    var recursiveAttributes = false
    var propagation: Mounting.Propagation?
    var isBind = false
    var isRecursiveBind = false
    var idMapped = false
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
                apply(attribute, sets)
            } else if option.hasPrefix("r"), let (attribute, sets) = Self.flag(option.dropFirst()) {
                apply(attribute, sets)
                recursiveAttributes = true
            } else if let way = Self.accessTimes(option) {
                apply(accessTimes: way)
            } else if option.hasPrefix("r"), let way = Self.accessTimes(option.dropFirst()) {
                apply(accessTimes: way)
                recursiveAttributes = true
            } else if let propagation = Mounting.Propagation(rawValue: option) {
                self.propagation = propagation
            } else {
                switch option {
                case "bind": isBind = true
                case "rbind": (isBind, isRecursiveBind) = (true, true)
                case "idmap", "ridmap": idMapped = true
                case "defaults", "async": break
                default: data.append(option)
                }
            }
        }
    }

    private mutating func apply(accessTimes way: Mounting.Attributes) {
        clear.insert(.accessTimes)
        set.subtract(.accessTimes)
        set.formUnion(way)
    }

    private mutating func apply(_ attribute: Mounting.Attributes, _ sets: Bool) {
        if sets {
            set.insert(attribute)
            clear.remove(attribute)
        } else {
            clear.insert(attribute)
            set.remove(attribute)
        }
    }
}
