/// Which parts of `/proc` and `/sys` a container sees nothing of, and which it cannot change. Neither is namespaced by the
/// kernel: what stands there is the host's.
enum IsolationDefaults {
    static let maskedPaths: [String] =
        [
            "acpi", "asound", "config.gz", "interrupts", "iomem", "ioports", "kallsyms", "kcore", "keys", "key-users",
            "kpagecgroup", "kpagecount", "kpageflags", "latency_stats", "mtrr", "pagetypeinfo", "sched_debug", "scsi",
            "slabinfo", "timer_list", "timer_stats", "vmallocinfo",
        ].map { "/proc/\($0)" }
        + [
            "firmware", "devices/virtual/powercap", "kernel/vmcoreinfo", "kernel/notes", "kernel/btf", "kernel/debug",
            "kernel/security", "module",
        ].map { "/sys/\($0)" }

    static let readOnlyPaths = ["bus", "fs", "irq", "sys", "sysrq-trigger", "pressure"].map { "/proc/\($0)" }
}
