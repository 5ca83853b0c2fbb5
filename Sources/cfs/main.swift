import CFSLinux
import Glibc

// Not async: a start must not wait for a thread pool.
exit(Program.run(ProcessArguments.words))
