import CFSModel

extension SeccompProfile {
    /// Raised whenever ``standard(capabilities:imageArchitecture:)`` or the compiler changes what a filter says: compiled
    /// filters are kept under it.
    static let standardRevision = 1

    /// The engine's own allow-list: what ordinary programs need, and nothing that has its reason in another container, another
    /// kernel or the machine itself.
    ///
    /// - Everything else gives EPERM; what is newer than this list, and every call of another architecture, gives ENOSYS.
    /// - A capability opens the calls that make no sense without it.
    ///
    /// An i386 program may reach its sockets through `socketcall`, whose arguments lie in memory, where no filter can see
    /// them: in a container of a 386 image the address family and the options of sockets made that way are not checked.
    ///
    /// - Parameters:
    ///   - capabilities: the container's bounding set.
    ///   - imageArchitecture: the image's, by its OCI name.
    public static func standard(capabilities: UInt64, imageArchitecture: String) -> SeccompProfile {
        let companion = SeccompArchitecture.companion(ofImage: imageArchitecture)
        var rules = [Rule(SeccompStandardCalls.always, .allow)]
        rules.append(Rule(SeccompStandardCalls.newAndUnused, .errno(38)))
        if companion != nil { rules.append(Rule(SeccompStandardCalls.thirtyTwoBits, .allow)) }
        for extra in SeccompStandardCalls.byCapability where extra.capabilities & capabilities != 0 {
            rules.append(Rule(extra.names, .allow))
        }
        rules += sockets(capabilities) + terminals + personalities + namespaces(capabilities)
        return SeccompProfile(
            defaultAction: .errno(1), architectures: [.native] + (companion.map { [$0] } ?? []), rules: rules)
    }

    /// The capabilities that change the profile: containers that differ in others only share a filter.
    static let decisiveCapabilities: UInt64 =
        SeccompStandardCalls.byCapability.reduce(administration | rawSockets) { $0 | $1.capabilities }

    private static let administration = Capability.bit("SYS_ADMIN")
    private static let rawSockets = Capability.bit("NET_RAW")

    /// Families as numbers: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK; AF_PACKET with CAP_NET_RAW. Others answer as in a kernel
    /// that was built without them, EAFNOSUPPORT, which programs that probe for a family know; EPERM they take for a fault.
    private static func sockets(_ capabilities: UInt64) -> [Rule] {
        let families: [UInt32] = [1, 2, 10, 16] + (capabilities & rawSockets != 0 ? [17] : [])
        let unsupported = Action.errno(97)
        return families.map { Rule(["socket"], .allow, [.int(0, is: $0)]) } + [
            Rule(["socket"], unsupported),
            Rule(["socketpair"], .allow, [.int(0, is: 1)]),
            Rule(["socketpair"], unsupported),
            // SOL_TCP, TCP_ULP: TLS in the kernel, the way to eight known holes. ENOENT is the answer of a kernel without
            // it, after which a library does its TLS itself.
            Rule(["setsockopt"], .errno(2), [.int(1, is: 6), .int(2, is: 31)]),
            Rule(["setsockopt"], .allow),
        ]
    }

    /// TIOCSTI types into a terminal, TIOCLINUX into a console: into that of whoever looks at it.
    private static let terminals = [
        Rule(["ioctl"], .errno(1), [.int(1, is: 0x5412)]),
        Rule(["ioctl"], .errno(1), [.int(1, is: 0x541c)]),
        Rule(["ioctl"], .allow),
    ]

    /// PER_LINUX, PER_LINUX32, both with UNAME26, and the question for the current one. The others make old holes usable,
    /// such as addresses that are not random.
    private static let personalities = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff].map {
        Rule(["personality"], .allow, [.int(0, is: $0)])
    }

    /// New namespaces bring power over parts of the kernel that are else out of reach: about half of the known holes need it.
    private static func namespaces(_ capabilities: UInt64) -> [Rule] {
        if capabilities & administration != 0 { return [Rule(["clone", "clone3", "unshare"], .allow)] }
        // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. NEWTIME lies among the bits of clone's signal.
        let flags: UInt64 = 0x7e02_0000
        return [
            Rule(["clone"], .allow, [Condition(0, .maskedEqual, flags, 0)]),
            Rule(["unshare"], .allow, [Condition(0, .maskedEqual, flags | 0x80, 0)]),
            // Its flags lie in memory: C libraries fall back to clone.
            Rule(["clone3"], .errno(38)),
        ]
    }
}
