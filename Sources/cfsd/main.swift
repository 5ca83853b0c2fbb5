import CFSLinux
import Glibc

StandardDescriptors.fill()
exit(Daemon.run(ProcessArguments.words))
