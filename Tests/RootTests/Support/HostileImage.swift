import Glibc
import TestSupport
import Testing

/// A small root file system on the host that a test spoils and imports.
struct HostileImage {
    let engine: EngineFixture
    let name: String
    let tree: String

    /// BusyBox with a shell, `/etc` with a user, and the mount points.
    init(_ engine: EngineFixture, _ name: String) throws {
        self.engine = engine
        self.name = name
        tree = engine.folder("trees/\(name)-\(String(UInt64.random(in: 0 ... .max), radix: 16))")
        let script = """
            set -e
            mkdir -p \(tree)/bin \(tree)/etc \(tree)/proc \(tree)/sys \(tree)/dev \(tree)/tmp
            cp "$(command -v busybox)" \(tree)/bin/busybox
            for name in sh cat ls id mkdir ln rm true sleep echo mkfifo truncate; do ln -s busybox \(tree)/bin/$name; done
            echo 'root:x:0:0:root:/:/bin/sh' > \(tree)/etc/passwd
            echo 'root:x:0:' > \(tree)/etc/group
            """
        let made = engine.host(script)
        try #require(made.status == 0, "\(made.errors)")
    }

    /// Changes the tree with a shell script that runs in it.
    func change(_ script: String) throws {
        let changed = engine.host("set -e; cd \(tree); \(script)")
        try #require(changed.status == 0, "\(changed.errors)")
    }

    /// Imports the tree; the image has the name of the tree.
    func importing(_ options: String...) throws {
        let imported = engine.run(["image", "import", "-q"] + options + [name, tree])
        try #require(imported.status == 0, "\(imported.errors)")
    }
}
