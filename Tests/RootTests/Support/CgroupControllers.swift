import TestSupport

/// The controllers that cgroup v2 has on this host; on a hybrid one most are bound to cgroup v1.
enum CgroupControllers {
    static let present: Set<String> = {
        for line in (textOfFile("/proc/self/mountinfo") ?? "").split(separator: "\n") where line.contains(" - cgroup2 ")
        {
            let fields = line.split(separator: " ")
            guard fields.count > 4, let text = textOfFile("\(fields[4])/cgroup.controllers") else { continue }
            return Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
        }
        return []
    }()
}
