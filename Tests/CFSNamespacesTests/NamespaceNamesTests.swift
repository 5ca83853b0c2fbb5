import CFSLinux
import Testing

@testable import CFSNamespaces

@Suite("Names of namespaces")
struct NamespaceNamesTests {
    @Test("every kind has its name, and is found by it")
    func names() {
        let all: [(NamespaceFlags, String)] = [
            (.user, "user"), (.mount, "mount"), (.pid, "pid"), (.network, "network"), (.ipc, "ipc"), (.uts, "uts"),
            (.cgroup, "cgroup"),
            (.time, "time"),
        ]
        for (kind, name) in all {
            #expect(kind.names == [name])
            #expect(NamespaceFlags(named: name) == kind)
        }
        #expect(NamespaceFlags([.time, .pid, .user]).names == ["user", "pid", "time"])
        for name in ["", "net", "PID", "mnt"] { #expect(NamespaceFlags(named: name) == nil) }
    }
}
