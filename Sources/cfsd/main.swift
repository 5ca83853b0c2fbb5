import CFSLinux
import Glibc

exit(Daemon.run(ProcessArguments.words))
