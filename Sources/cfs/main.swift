import CFSLinux
import Glibc

StandardDescriptors.fill()
ProcessControl.keepHeap()
// Not async: a start must not wait for a thread pool.
HostedProcess.adopt()
exit(Program.run(ProcessArguments.words))
