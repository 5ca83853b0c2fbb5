import Glibc
import TestSupport

/// A static C program that tries, from inside a container, what no shell can try, and prints what the kernel said.
enum ProbeProgram {
    /// Compiled once for all suites; nil on a host without a C compiler and static C library.
    static let built: Built? = Built()

    /// Why tests that need it are skipped.
    static let missing = "needs a C compiler and a static C library (cc -static)"

    final class Built: Sendable {
        let folder = TemporaryDirectory()
        var path: String { folder("probe") }

        init?() {
            // Any user inside must be able to execute it.
            chmod(folder.path, 0o755)
            let source = folder.write(ProbeProgram.source, to: "probe.c")
            let compiler = ["/usr/bin/cc", "-static", "-O1", "-o", path, source]
            guard access(compiler[0], X_OK) == 0 else { return nil }
            let environment = ["PATH": EngineFixture.path, "LC_ALL": "C"]
            guard RunningCommand(compiler, environment: environment).finish().status == 0 else { return nil }
            // A static value has no scope of its own that ends.
            atexit { ProbeProgram.built?.folder.remove() }
        }
    }

    /// The options of `run` that put it at `/probe`.
    static var volume: [String] { ["-v", "\(built?.path ?? "/missing"):/probe:ro"] }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <sched.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/ioctl.h>
        #include <sys/mount.h>
        #include <sys/personality.h>
        #include <sys/ptrace.h>
        #include <sys/socket.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

        /* The name of the error number of a call, or "allowed". */
        static int report(long result) {
            puts(result >= 0 ? "allowed" : strerrorname_np(errno));
            return 0;
        }

        static long try_call(const char *name) {
            char zero[256] = {0};
            if (is(name, "mount")) return mount("none", "/tmp", "tmpfs", 0, NULL);
            if (is(name, "unshare-user")) return unshare(CLONE_NEWUSER);
            if (is(name, "clone-user")) {
                long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
                if (pid == 0) _exit(0);
                return pid;
            }
            if (is(name, "clone3")) return syscall(SYS_clone3, NULL, 0);
            if (is(name, "keyctl")) return syscall(SYS_keyctl, 0, -3, 1);
            if (is(name, "add_key")) return syscall(SYS_add_key, "user", "cfs", "x", 1, -3);
            if (is(name, "bpf")) return syscall(SYS_bpf, 0, zero, 48);
            if (is(name, "perf_event_open")) {
                unsigned attr[32] = {1, 128};
                return syscall(SYS_perf_event_open, attr, 0, -1, -1, 0);
            }
            if (is(name, "io_uring_setup")) return syscall(SYS_io_uring_setup, 1, zero);
            if (is(name, "userfaultfd")) return syscall(SYS_userfaultfd, 0);
            if (is(name, "open_by_handle_at")) return syscall(SYS_open_by_handle_at, -1, zero, 0);
            if (is(name, "af_alg")) return socket(38, SOCK_SEQPACKET, 0);
            if (is(name, "af_vsock")) return socket(40, SOCK_STREAM, 0);
            if (is(name, "af_inet")) return socket(AF_INET, SOCK_STREAM, 0);
            if (is(name, "tiocsti")) return ioctl(0, TIOCSTI, "x");
            if (is(name, "personality")) return personality(ADDR_NO_RANDOMIZE);
            if (is(name, "i386")) {
                long result = -ENOSYS;
        #ifdef __x86_64__
                /* getpid by the number of i386. */
                __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
        #endif
                if (result < 0) errno = -result;
                return result;
            }
            fprintf(stderr, "unknown call %s\n", name);
            exit(2);
        }

        /* A session keyring with a key in it, then the rest of the arguments as a command. */
        static int with_key(char **command) {
            if (syscall(SYS_keyctl, 1, 0) < 0) return report(-1);
            if (syscall(SYS_add_key, "user", "cfs-test-key", "secret", 6, -3) < 0) return report(-1);
            execv(command[0], command);
            return report(-1);
        }

        static int descriptors(void) {
            for (int fd = 0; fd < 4096; fd++) if (fcntl(fd, F_GETFD) >= 0) printf("%d ", fd);
            puts("");
            return 0;
        }

        /* Keeps a descriptor of every foreign executable that shows in /proc, and tries to write through it, until told to
           stop; prints how often that worked. */
        static int overwrite(void) {
            int written = 0, seen = 0;
            puts("watching");
            fflush(stdout);
            while (access("/stop", F_OK) != 0) {
                DIR *proc = opendir("/proc");
                struct dirent *entry;
                while ((entry = readdir(proc))) {
                    char path[300];
                    if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid()) continue;
                    snprintf(path, sizeof path, "/proc/%s/exe", entry->d_name);
                    /* The image's own programs may be written to. */
                    char target[5] = {0};
                    if (readlink(path, target, sizeof target) == 5 && memcmp(target, "/bin/", 5) == 0) continue;
                    int held = open(path, O_PATH);
                    if (held < 0) continue;
                    seen++;
                    snprintf(path, sizeof path, "/proc/self/fd/%d", held);
                    /* While it runs it cannot be opened for writing, so wait for its end. */
                    for (int i = 0; i < 100; i++, usleep(500)) {
                        int file = open(path, O_WRONLY);
                        if (file < 0) continue;
                        if (write(file, "pwned", 5) == 5) written++;
                        close(file);
                        break;
                    }
                    close(held);
                }
                closedir(proc);
            }
            printf("seen %s written %d\n", seen ? "some" : "none", written);
            return 0;
        }

        /* Looks for a file below every folder that other processes have open, or stand in, until told to stop. */
        static int spy(const char *name) {
            int found = 0;
            puts("watching");
            fflush(stdout);
            while (access("/stop", F_OK) != 0) {
                for (int pid = 2; pid < 4096; pid++) {
                    char path[400];
                    if (pid == getpid() || (kill(pid, 0) != 0 && errno == ESRCH)) continue;
                    for (int fd = -2; fd < 64; fd++) {
                        if (fd == -2) snprintf(path, sizeof path, "/proc/%d/cwd/%s", pid, name);
                        else if (fd == -1) snprintf(path, sizeof path, "/proc/%d/root/%s", pid, name);
                        else snprintf(path, sizeof path, "/proc/%d/fd/%d/%s", pid, fd, name);
                        if (access(path, F_OK) != 0) continue;
                        if (found++ == 0) puts("seen");
                        fflush(stdout);
                    }
                }
            }
            printf("found %d\n", found);
            return 0;
        }

        /* Exchanges a folder and a link again and again, until told to stop. */
        static int swap(const char *folder, const char *link) {
            puts("swapping");
            fflush(stdout);
            while (access("/stop", F_OK) != 0)
                if (syscall(SYS_renameat2, AT_FDCWD, folder, AT_FDCWD, link, 2) != 0) return report(-1);
            return 0;
        }

        int main(int count, char **arguments) {
            const char *what = count > 1 ? arguments[1] : "";
            if (is(what, "call")) return report(try_call(arguments[2]));
            if (is(what, "fds")) return descriptors();
            if (is(what, "ids")) return printf("%d %d\n", getuid(), geteuid()) < 0;
            if (is(what, "overwrite")) return overwrite();
            if (is(what, "spy")) return spy(arguments[2]);
            if (is(what, "swap")) return swap(arguments[2], arguments[3]);
            if (is(what, "with-key")) return with_key(arguments + 2);
            if (is(what, "find-key")) return report(syscall(SYS_keyctl, 10, -3, "user", "cfs-test-key", 0));
            if (is(what, "traced")) {
                if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0) return report(-1);
                puts("traced");
                fflush(stdout);
                raise(SIGUSR1);
                /* Only a tracer gets us here. */
                puts("went on");
                return 0;
            }
            if (is(what, "stdin")) {
                char buffer[65536];
                long total = 0, got;
                while ((got = read(0, buffer, sizeof buffer)) > 0) total += got;
                printf("%ld\n", total);
                return 0;
            }
            fprintf(stderr, "unknown probe %s\n", what);
            return 2;
        }
        """#
}
