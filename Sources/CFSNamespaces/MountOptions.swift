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

    private static let words: [String: (Mounting.Attributes, sets: Bool)] = [
        "ro": (.readOnly, true), "rw": (.readOnly, false), "nosuid": (.noSetUID, true), "suid": (.noSetUID, false),
        "nodev": (.noDevices, true), "dev": (.noDevices, false), "noexec": (.noExecute, true), "exec": (.noExecute, false),
        "noatime": (.noAccessTime, true), "nodiratime": (.noDirectoryAccessTime, true),
        "diratime": (.noDirectoryAccessTime, false), "strictatime": (.strictAccessTime, true),
        "nosymfollow": (.noSymlinkFollow, true), "symfollow": (.noSymlinkFollow, false),
    ]

    init(_ options: [String]) {
        for option in options {
            if let (attribute, sets) = Self.words[option] {
                apply(attribute, sets)
            } else if option.hasPrefix("r"), let (attribute, sets) = Self.words[String(option.dropFirst())] {
                apply(attribute, sets)
                recursiveAttributes = true
            } else if let propagation = Mounting.Propagation(rawValue: option) {
                self.propagation = propagation
            } else {
                switch option {
                case "bind": isBind = true
                case "rbind": (isBind, isRecursiveBind) = (true, true)
                case "idmap": idMapped = true
                case "ridmap": idMapped = true
                case "defaults", "relatime", "async", "norelatime": break
                default: data.append(option)
                }
            }
        }
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
