import CFSLinux
import CFSMonitor
import Glibc

ProcessControl.keepHeap()

// Called by the engine, not by people: `monitor` runs a container, `enter` one more process in it, `root` mounts its files.
switch ProcessArguments.words.first {
case "monitor", "enter": MonitorMain.run()
case "root" where ProcessArguments.words.count == 2: RootMain.run(container: ProcessArguments.words[1])
default:
    let text = "cfs-runtime is started by cfs: see cfs --help\n"
    _ = text.withCString { write(2, $0, strlen($0)) }
    exit(64)
}
