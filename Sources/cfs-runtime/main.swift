import CFSLinux
import CFSMonitor
import Glibc

ProcessControl.keepHeap()

// Called by the engine, not by people: `monitor` runs a container, `enter` one more process in it.
switch ProcessArguments.words.first {
case "monitor", "enter": MonitorMain.run()
default:
    let text = "cfs-runtime is started by cfs: see cfs --help\n"
    _ = text.withCString { write(2, $0, strlen($0)) }
    exit(64)
}
