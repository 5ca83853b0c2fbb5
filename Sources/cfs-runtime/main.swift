import CFSLinux
import CFSModel
import CFSMonitor
import CFSRuntime
import CLinux
import Glibc

ProcessControl.keepHeap()

// `monitor`, `enter` and `root` are the engine's own words, said by `cfs`; all others are those of an OCI runtime.
let words = ProcessArguments.words
switch words.first {
case "monitor", "enter": MonitorMain.run()
case "root" where words.count == 2: RootMain.run(container: words[1])
default: RuntimeMain.run(words)
}
