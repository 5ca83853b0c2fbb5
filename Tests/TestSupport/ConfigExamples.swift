/// The examples of a configuration, of runtime-spec 1.3.0 (github.com/opencontainers/runtime-spec,
/// schema/test; Apache License 2.0), line breaks aside.
public enum ConfigExamples {
    public static let freebsdExample = #"""
        {"ociVersion": "1.3.0", "process": {"terminal": true, "args": ["sh"],
        "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"], "cwd": "/"},
        "root": {"path": "rootfs"}, "hostname": "slartibartfast", "mounts": [{"destination": "/dev",
        "type": "devfs", "source": "devfs", "options": ["ruleset=4"]}, {"destination": "/dev/fd", "type": "fdescfs",
        "source": "fdescfs", "options": []}], "freebsd": {"devices": [{"path": "pf", "mode": 448}],
        "jail": {"host": "new", "vnet": "new", "enforceStatfs": 1, "allow": {"rawSockets": true, "chflags": true,
        "mount": ["tmpfs"]}}}}
        """#

    public static let freebsdMinimal = #"""
        {"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "freebsd": {}}
        """#

    public static let linuxNetdevice = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs"},
        "linux": {"netDevices": {"eth0": {"name": "container_eth0"}, "ens4": {}, "ens5": {}}}}
        """#

    public static let linuxRdma = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs"},
        "linux": {"resources": {"rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000},
        "mlx4_0": {"hcaObjects": 1000}, "rxe3": {"hcaObjects": 10000}}}}}
        """#

    public static let minimalForStart = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "process": {"cwd": "/", "args": ["sh"],
        "user": {"uid": 0, "gid": 0}}}
        """#

    public static let minimal = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs"}}
        """#

    public static let specExample = #"""
        {"ociVersion": "0.5.0-dev", "process": {"terminal": true, "user": {"uid": 1, "gid": 1, "additionalGids": [5,
        6]}, "args": ["sh"], "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM=xterm"], "cwd": "/", "capabilities": {"bounding": ["CAP_AUDIT_WRITE", "CAP_KILL",
        "CAP_NET_BIND_SERVICE"], "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
        "inheritable": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"], "effective": ["CAP_AUDIT_WRITE",
        "CAP_KILL"], "ambient": ["CAP_NET_BIND_SERVICE"]}, "rlimits": [{"type": "RLIMIT_CORE", "hard": 1024,
        "soft": 1024}, {"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "apparmorProfile": "acme_secure_profile", "selinuxLabel": "system_u:system_r:svirt_lxc_net_t:s0:c124,c675",
        "noNewPrivileges": true}, "root": {"path": "rootfs", "readonly": true}, "hostname": "slartibartfast",
        "domainname": "foobarbaz.test", "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755",
        "size=65536k"]}, {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid",
        "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]}, {"destination": "/dev/shm",
        "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec",
        "nodev"]}, {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec",
        "nodev"]}, {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid",
        "noexec", "nodev", "relatime", "ro"]}], "hooks": {"prestart": [{"path": "/usr/bin/fix-mounts",
        "args": ["fix-mounts", "arg1", "arg2"], "env": ["key1=value1"]}, {"path": "/usr/bin/setup-network"}],
        "createRuntime": [{"path": "/usr/bin/fix-mounts", "args": ["fix-mounts", "arg1", "arg2"],
        "env": ["key1=value1"]}, {"path": "/usr/bin/setup-network"}],
        "createContainer": [{"path": "/usr/bin/mount-hook", "args": ["-mount", "arg1", "arg2"],
        "env": ["key1=value1"]}], "startContainer": [{"path": "/usr/bin/refresh-ldcache"}],
        "poststart": [{"path": "/usr/bin/notify-start", "timeout": 5}],
        "poststop": [{"path": "/usr/sbin/cleanup.sh", "args": ["cleanup.sh", "-f"]}]},
        "linux": {"devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438,
        "uid": 0, "gid": 0}, {"path": "/dev/sda", "type": "b", "major": 8, "minor": 0, "fileMode": 432, "uid": 0,
        "gid": 0}], "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 32000}],
        "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 32000}], "sysctl": {"net.ipv4.ip_forward": "1",
        "net.core.somaxconn": "256"}, "cgroupsPath": "/myRuntime/myContainer",
        "resources": {"network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500},
        {"name": "eth1", "priority": 1000}]}, "pids": {"limit": 32771}, "hugepageLimits": [{"pageSize": "2MB",
        "limit": 9223372036854772000}, {"pageSize": "64KB", "limit": 1000000}], "oomScoreAdj": 100,
        "memory": {"limit": 536870912, "reservation": 536870912, "swap": 536870912, "kernel": -1, "kernelTCP": -1,
        "swappiness": 0, "disableOOMKiller": false, "useHierarchy": false, "checkBeforeUpdate": false},
        "cpu": {"shares": 1024, "quota": 1000000, "burst": 1000000, "period": 500000, "realtimeRuntime": 950000,
        "realtimePeriod": 1000000, "cpus": "2-3", "mems": "0-7"}, "devices": [{"allow": false, "access": "rwm"},
        {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}, {"allow": true, "type": "b",
        "major": 8, "minor": 0, "access": "r"}], "blockIO": {"weight": 10, "leafWeight": 10,
        "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300}, {"major": 8, "minor": 16,
        "weight": 500}], "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}],
        "throttleWriteIOPSDevice": [{"major": 8, "minor": 16, "rate": 300}]}}, "rootfsPropagation": "slave",
        "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [{"names": ["getcwd", "chmod"], "action": "SCMP_ACT_ERRNO"}]},
        "timeOffsets": {"monotonic": {"secs": 172800, "nanosecs": 0}, "boottime": {"secs": 604800, "nanosecs": 0}},
        "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"},
        {"type": "user"}, {"type": "cgroup"}, {"type": "time"}], "maskedPaths": ["/proc/kcore",
        "/proc/latency_stats", "/proc/timer_stats", "/proc/sched_debug"], "readonlyPaths": ["/proc/asound",
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        "mountLabel": "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811"},
        "annotations": {"com.example.key1": "value1", "com.example.key2": "value2"}}
        """#

    public static let zosExample = #"""
        {"ociVersion": "0.5.0-dev", "process": {"terminal": true, "user": {"uid": 1, "gid": 1, "additionalGids": [5,
        6]}, "args": ["sh"], "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/bin", "TERM=xterm"],
        "cwd": "/", "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}], "noNewPrivileges": true},
        "root": {"path": "rootfs"}, "hostname": "slartibartfast", "mounts": [{"destination": "/proc",
        "type": "proc", "source": "proc"}, {"destination": "/dev", "type": "tfs", "source": "tmpfs",
        "options": ["nosuid", "-p 1755", "-s 64"]}], "hooks": {"prestart": [{"path": "/usr/bin/fix-mounts",
        "args": ["fix-mounts", "arg1", "arg2"], "env": ["key1=value1"]}, {"path": "/usr/bin/setup-network"}],
        "createRuntime": [{"path": "/usr/bin/fix-mounts", "args": ["fix-mounts", "arg1", "arg2"],
        "env": ["key1=value1"]}, {"path": "/usr/bin/setup-network"}],
        "createContainer": [{"path": "/usr/bin/mount-hook", "args": ["-mount", "arg1", "arg2"],
        "env": ["key1=value1"]}], "startContainer": [{"path": "/usr/bin/refresh-ldcache"}],
        "poststart": [{"path": "/usr/bin/notify-start", "timeout": 5}],
        "poststop": [{"path": "/usr/sbin/cleanup.sh", "args": ["cleanup.sh", "-f"]}]},
        "zos": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]},
        "annotations": {"com.example.key1": "value1", "com.example.key2": "value2"}}
        """#

    public static let zosMinimal = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "zos": {}}
        """#

    public static let badFreebsdVnetDisable = #"""
        {"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "freebsd": {"jail": {"vnet": "disable"}}}
        """#

    public static let badInvalidJson = #"""
        {]
        """#

    public static let badLinuxHugepage = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs"},
        "linux": {"resources": {"hugepageLimits": [{"limit": 1234123, "pageSize": "64kB"}]}}}
        """#

    public static let badLinuxNetdevice = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "linux": {"netDevices": {"eth0": {"name": 23}}}}
        """#

    public static let badLinuxRdma = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs"},
        "linux": {"resources": {"rdma": {"mlx5_1": {"hcaHandles": "not a uint32"}}}}}
        """#
}
