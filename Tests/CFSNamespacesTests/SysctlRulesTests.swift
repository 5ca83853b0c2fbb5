import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("Kernel settings of a container")
struct SysctlRulesTests {
    private static func check(_ name: String, network: Bool = true, ipc: Bool = true, uts: Bool = true) throws(CFSError)
    {
        try SysctlRules.check(name, privateNetwork: network, privateIPC: ipc, privateUTS: uts)
    }

    @Test(
        "what a namespace keeps apart may be set",
        arguments: [
            "net.core.somaxconn", "net.ipv4.ip_forward", "net.ipv4.conf.eth-0.rp_filter",
            "net.ipv6.conf.all.disable_ipv6", "kernel.sem",
            "kernel.shmmax", "kernel.msgmni", "kernel.shm_rmid_forced", "fs.mqueue.msg_max", "kernel.domainname",
            "kernel.hostname",
        ])
    func allowed(name: String) throws {
        try Self.check(name)
    }

    @Test(
        "what would change the host is refused",
        arguments: [
            "kernel.core_pattern", "kernel.modprobe", "kernel.pid_max", "kernel.shmmax_extra", "kernel.semaphore",
            "kernel.msg", "vm.swappiness",
            "vm.overcommit_memory", "fs.file-max", "fs.suid_dumpable", "fs.mqueue", "fs.mqueuex.a",
            "dev.tty.ldisc_autoload", "user.max_user_namespaces",
            "debug.exception-trace", "netx.core.a", "abi.vsyscall32", "Kernel.sem", "NET.core.somaxconn",
            "crypto.fips_enabled",
        ])
    func refused(name: String) {
        let error = #expect(throws: CFSError.self) { try Self.check(name) }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "a name with signs that a path or another setting could be made of is none",
        arguments: [
            "", "net", "net.", ".net.core", "net..core", "net.core.", "net/core/somaxconn",
            "net.core/../../kernel/core_pattern", "net.core.a+b",
            "net.core.a=b", "kernel.shm+kernel.core_pattern", "net.core.a b", "net.core.a\nkernel.x", "net.core.ä",
            "net.core.a\0", "../net.core", "..",
        ])
    func malformed(name: String) {
        #expect(throws: CFSError.self) { try Self.check(name) }
    }

    @Test("none may be set in a namespace that is the host's or another's")
    func shared() throws {
        for (name, word) in [
            ("net.core.somaxconn", "network"), ("kernel.sem", "ipc"), ("fs.mqueue.msg_max", "ipc"),
            ("kernel.hostname", "uts"),
        ] {
            let error = #expect(throws: CFSError.self) {
                try Self.check(name, network: word != "network", ipc: word != "ipc", uts: word != "uts")
            }
            #expect(error?.message.contains("\(word) namespace") == true)
            try Self.check(name, network: word == "network", ipc: word == "ipc", uts: word == "uts")
        }
    }
}
