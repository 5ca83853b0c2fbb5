/// Configurations of our own, for tests.
public enum ConfigDocuments {
    /// What the schema's example does not say.
    public static let whole = #"""
        {"ociVersion": "1.3.0-rc.1+build.7", "root": {"path": "rootfs", "readonly": false},
         "process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "args": ["sh"], "cwd": "/",
          "noNewPrivileges": false, "apparmorProfile": "profile", "selinuxLabel": "label",
          "scheduler": {"policy": "SCHED_DEADLINE", "nice": -5, "priority": 1, "flags": ["SCHED_FLAG_RECLAIM"],
           "runtime": 1, "deadline": 2, "period": 18446744073709551615},
          "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4},
          "execCPUAffinity": {"initial": "0-1", "final": "2, 3"}},
         "mounts": [{"destination": "/data", "type": "bind", "source": "/srv", "options": ["rbind", "idmap"],
           "uidMappings": [{"containerID": 0, "hostID": 1, "size": 2}],
           "gidMappings": [{"containerID": 3, "hostID": 4, "size": 5}]}, {"destination": "data"}],
         "hooks": {"prestart": [{"path": "/a", "args": ["a", "b"], "env": ["K=v"], "timeout": 1}, {"path": "/b"}],
          "createRuntime": [{"path": "/c"}], "createContainer": [{"path": "/d"}], "startContainer": [{"path": "/e"}],
          "poststart": [{"path": "/f"}], "poststop": [{"path": "/g"}]},
         "linux": {"devices": [
           {"type": "b", "path": "/dev/b", "major": 8, "minor": 1, "fileMode": 384, "uid": 7, "gid": 8},
           {"type": "p", "path": "/dev/p"}],
          "netDevices": {"eth1": {"name": "eth0"}, "eth0": {}},
          "rootfsPropagation": "rslave", "mountLabel": "label", "personality": {"domain": "LINUX32", "flags": ["f"]},
          "intelRdt": {"closID": "c", "schemata": ["L3:0=f"], "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20",
           "enableMonitoring": true},
          "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-1", "flags": ["MPOL_F_STATIC_NODES"]}}}
        """#

    /// The schema's minimal-for-start.json and much that means nothing on Linux.
    public static let strange = #"""
        {"ociVersion": "1.0.0", "root": {"path": "rootfs", "unheardOf": 1}, "unheardOf": [1],
         "process": {"cwd": "/", "args": ["sh"], "user": {"uid": 0, "gid": 0, "username": "windows"},
          "commandLine": "sh", "unheardOf": null},
         "linux": {"unheardOf": {}}, "hooks": {"unheardOf": 1},
         "solaris": {"milestone": 1}, "windows": 1, "vm": {"kernel": {}}, "zos": {"namespaces": 1},
         "freebsd": {"jail": {"vnet": "new", "unheardOf": 1}, "devices": 1}}
        """#
}
