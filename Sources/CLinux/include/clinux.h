// The system calls and constants that Swift's Glibc module lacks.
//
// Every function returns what the kernel returns: a value of zero or more, or minus the error number.
// Nothing here decides anything, and nothing allocates. A header in a Swift module includes
// <stdint.h> and <sys/types.h> only: _GNU_SOURCE here would break Glibc's own module (fd_set).
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <sys/types.h>

// MARK: Process start

/// The arguments of this process, kept before Swift's runtime starts (it reads /proc, which may be missing).
/// NULL behind the last.
const char *cfs_argument(int index);

/// Runs this program again, with these arguments and environment, from a read-only mount of its file that is attached nowhere:
/// a container that gets hold of /proc/PID/exe cannot write to it (CVE-2019-5736). Returns 0 when there is nothing to do,
/// because no word is that of an OCI command which enters a container, or because the file lies on a read-only mount already; else
/// minus the error number. Needs CAP_SYS_ADMIN, and no C library.
long cfs_execute_read_only(char **words, char **environment);

/// The same with the arguments and the environment of this process.
long cfs_execute_own_read_only(void);

// MARK: Bytes

/// Whether they have those of a word in them (memmem(3)).
int cfs_contains(const void *text, size_t length, const void *word, size_t word_length);

// MARK: Any system call, by number (syscall(2))

long cfs_syscall(long number, long a, long b, long c, long d, long e, long f);

/// The number of a system call on this architecture, by one of the names below.
#define CFS_NR(name) extern const long cfs_nr_##name;
CFS_NR(open_tree) CFS_NR(move_mount) CFS_NR(fsopen) CFS_NR(fsconfig) CFS_NR(fsmount) CFS_NR(fspick)
CFS_NR(mount_setattr) CFS_NR(openat2) CFS_NR(clone3) CFS_NR(close_range) CFS_NR(pidfd_open)
CFS_NR(pidfd_send_signal) CFS_NR(pivot_root) CFS_NR(setns) CFS_NR(unshare) CFS_NR(keyctl) CFS_NR(seccomp)
CFS_NR(capset) CFS_NR(capget) CFS_NR(execveat) CFS_NR(memfd_create) CFS_NR(faccessat2) CFS_NR(getdents64)
CFS_NR(setresuid) CFS_NR(setresgid) CFS_NR(setgroups) CFS_NR(prctl) CFS_NR(waitid) CFS_NR(bpf)
CFS_NR(mount) CFS_NR(umount2) CFS_NR(copy_file_range) CFS_NR(renameat2) CFS_NR(sethostname) CFS_NR(setdomainname)
CFS_NR(signalfd4) CFS_NR(rt_sigprocmask) CFS_NR(sendfile) CFS_NR(fsetxattr) CFS_NR(fgetxattr) CFS_NR(flistxattr)
CFS_NR(syncfs) CFS_NR(setfsuid) CFS_NR(setfsgid) CFS_NR(sched_setattr) CFS_NR(sched_setaffinity)
CFS_NR(ioprio_set) CFS_NR(personality) CFS_NR(set_mempolicy) CFS_NR(pidfd_getfd) CFS_NR(splice)
#undef CFS_NR

// MARK: clone3(2)

struct cfs_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
/// Clones like fork(2), with flags. Keeps glibc's cached thread id right in the child.
/// Only a process with one thread may call this.
long cfs_clone3(struct cfs_clone_args *args);

#define CFS_CLONE_NEWNS 0x00020000ULL
#define CFS_CLONE_NEWCGROUP 0x02000000ULL
#define CFS_CLONE_NEWUTS 0x04000000ULL
#define CFS_CLONE_NEWIPC 0x08000000ULL
#define CFS_CLONE_NEWUSER 0x10000000ULL
#define CFS_CLONE_NEWPID 0x20000000ULL
#define CFS_CLONE_NEWNET 0x40000000ULL
#define CFS_CLONE_NEWTIME 0x00000080ULL
#define CFS_CLONE_PIDFD 0x00001000ULL
#define CFS_CLONE_PARENT 0x00008000ULL
#define CFS_CLONE_FILES 0x00000400ULL
#define CFS_CLONE_INTO_CGROUP 0x200000000ULL

// MARK: openat2(2)

struct cfs_open_how {
    uint64_t flags, mode, resolve;
};
#define CFS_RESOLVE_NO_XDEV 0x01
#define CFS_RESOLVE_NO_MAGICLINKS 0x02
#define CFS_RESOLVE_NO_SYMLINKS 0x04
#define CFS_RESOLVE_BENEATH 0x08
#define CFS_RESOLVE_IN_ROOT 0x10

#define CFS_O_PATH 010000000
#define CFS_O_CLOEXEC 02000000
#define CFS_O_NOFOLLOW 0400000
#define CFS_O_DIRECTORY 0200000
#define CFS_O_TMPFILE (020000000 | 0200000)
#define CFS_AT_EMPTY_PATH 0x1000
#define CFS_AT_RECURSIVE 0x8000
#define CFS_AT_SYMLINK_NOFOLLOW 0x100
#define CFS_AT_REMOVEDIR 0x200
#define CFS_RENAME_EXCHANGE 2

// MARK: The mount API (open_tree(2), fsopen(2), mount_setattr(2))

struct cfs_mount_attr {
    uint64_t attr_set, attr_clr, propagation, userns_fd;
};
#define CFS_OPEN_TREE_CLONE 1
#define CFS_MOVE_MOUNT_F_EMPTY_PATH 0x04
#define CFS_MOVE_MOUNT_T_EMPTY_PATH 0x40
#define CFS_FSOPEN_CLOEXEC 1
#define CFS_FSMOUNT_CLOEXEC 1
#define CFS_FSCONFIG_SET_FLAG 0
#define CFS_FSCONFIG_SET_STRING 1
#define CFS_FSCONFIG_SET_FD 5
#define CFS_FSCONFIG_CMD_CREATE 6
#define CFS_MOUNT_ATTR_RDONLY 0x01
#define CFS_MOUNT_ATTR_NOSUID 0x02
#define CFS_MOUNT_ATTR_NODEV 0x04
#define CFS_MOUNT_ATTR_NOEXEC 0x08
#define CFS_MOUNT_ATTR_RELATIME 0x00
#define CFS_MOUNT_ATTR_NOATIME 0x10
#define CFS_MOUNT_ATTR_STRICTATIME 0x20
#define CFS_MOUNT_ATTR__ATIME 0x70
#define CFS_MOUNT_ATTR_NODIRATIME 0x80
#define CFS_MOUNT_ATTR_IDMAP 0x00100000
#define CFS_MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#define CFS_MS_UNBINDABLE (1UL << 17)
#define CFS_MS_PRIVATE (1UL << 18)
#define CFS_MS_SLAVE (1UL << 19)
#define CFS_MS_SHARED (1UL << 20)
#define CFS_MS_REC (1UL << 14)
#define CFS_MNT_DETACH 2

// MARK: prctl(2), capabilities(7), keyctl(2), seccomp(2)

#define CFS_PR_SET_PDEATHSIG 1
#define CFS_PR_SET_DUMPABLE 4
#define CFS_PR_SET_KEEPCAPS 8
#define CFS_PR_SET_NAME 15
#define CFS_PR_CAPBSET_READ 23
#define CFS_PR_CAPBSET_DROP 24
#define CFS_PR_SET_CHILD_SUBREAPER 36
#define CFS_PR_SET_NO_NEW_PRIVS 38
#define CFS_PR_CAP_AMBIENT 47
#define CFS_PR_CAP_AMBIENT_RAISE 2
#define CFS_PR_CAP_AMBIENT_CLEAR_ALL 4
#define CFS_KEYCTL_JOIN_SESSION_KEYRING 1
#define CFS_SECCOMP_SET_MODE_FILTER 1
#define CFS_SECCOMP_FILTER_FLAG_LOG 2
#define CFS_SECCOMP_FILTER_FLAG_SPEC_ALLOW 4
#define CFS_SECCOMP_FILTER_FLAG_NEW_LISTENER 8
#define CFS_SECCOMP_FILTER_FLAG_TSYNC_ESRCH 16
#define CFS_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV 32

struct cfs_cap_header {
    uint32_t version;
    int32_t pid;
};
struct cfs_cap_data {
    uint32_t effective, permitted, inheritable;
};
#define CFS_CAPABILITY_VERSION_3 0x20080522

struct cfs_sock_fprog {
    uint16_t length;
    const void *filter;
};
/// Loads a filter whose calls somebody else decides about, and hands its descriptor on: seccomp(2) with NEW_LISTENER, then
/// sendmsg(2) of it beside `word`, close(2), and read(2) until the other end has answered with a byte. No other call is
/// made in between, for each may wait for an answer that nobody can give yet. Returns 0, or the error of a call, which
/// `failed` then names by its place in this list (0 for seccomp). An end without an answer is -ECONNRESET.
long cfs_seccomp_listen(
    uint32_t flags, const struct cfs_sock_fprog *program, int socket, const void *word, size_t length, int *failed);

// MARK: waitid(2) by pidfd

struct cfs_wait_result {
    int32_t pid, code, status;
    uint32_t uid;
};
#define CFS_P_ALL 0
#define CFS_P_PID 1
#define CFS_P_PIDFD 3
#define CFS_WNOHANG 1
#define CFS_WEXITED 4
#define CFS_WNOWAIT 0x01000000
#define CFS_CLD_EXITED 1
#define CFS_CLD_KILLED 2
#define CFS_CLD_DUMPED 3
/// waitid(2). `result->pid` is 0 when WNOHANG found nobody. `usage_maxrss` (KiB) and cpu times (us) may be null.
long cfs_waitid(int id_type, int id, struct cfs_wait_result *result, int options);

// MARK: Sockets and descriptors (unix(7), cmsg(3))

struct cfs_ucred {
    int32_t pid;
    uint32_t uid, gid;
};
/// Sends `length` bytes with up to 253 descriptors in one message.
long cfs_send_fds(int socket, const void *bytes, size_t length, const int *fds, size_t count, int flags);
/// Receives bytes and up to `*count` descriptors (close-on-exec); `*count` becomes how many came.
long cfs_receive_fds(int socket, void *bytes, size_t length, int *fds, size_t *count, int flags);
/// The address of this host that a datagram was sent to (IP_PKTINFO of ip(7), IPV6_PKTINFO of ipv6(7)). All zero: not known.
struct cfs_local_address {
    int32_t family;
    /// Of an address of the link: the device's number; else 0.
    uint32_t device;
    unsigned char address[16];
};
struct sockaddr;
/// Has datagrams come with the address that they were sent to.
long cfs_tell_local_address(int socket, int family);
/// recvfrom(2); `*local` is zero where the kernel does not say. `*length` is the room at `from`, and becomes its length.
long cfs_receive_datagram(
    int socket, void *bytes, size_t length, struct sockaddr *from, uint32_t *from_length, struct cfs_local_address *local);
/// sendto(2), from that address.
long cfs_send_datagram(
    int socket, const void *bytes, size_t length, const struct sockaddr *to, uint32_t to_length,
    const struct cfs_local_address *local);
long cfs_peer_credentials(int socket, struct cfs_ucred *credentials);
/// The socket's file has mode 0600.
long cfs_unix_listen(const char *path, int backlog);
long cfs_unix_connect(const char *path);
/// The same for a stream.
long cfs_unix_connect_stream(const char *path);
/// The same, and -EAGAIN when the listener has no room for so long; each write to it has that limit, too (SO_SNDTIMEO).
long cfs_unix_connect_stream_within(const char *path, int milliseconds);
/// The same for datagrams. Where a socket of another type has the path, that is -EPROTOTYPE, and its owner sees nothing of it.
long cfs_unix_connect_datagram(const char *path);
long cfs_accept(int socket);
/// pipe2(2): the reading and the writing end, close-on-exec.
long cfs_pipe(int fds[2]);
/// AF_UNIX, SOCK_SEQPACKET, close-on-exec.
long cfs_socketpair_seqpacket(int fds[2]);
long cfs_loopback_up(void);

// MARK: Readiness (epoll(7))

struct cfs_event {
    uint64_t token;
    uint32_t ready;
};
#define CFS_EPOLLIN 0x001u
#define CFS_EPOLLPRI 0x002u
#define CFS_EPOLLOUT 0x004u
#define CFS_EPOLLERR 0x008u
#define CFS_EPOLLHUP 0x010u
#define CFS_EPOLL_ADD 1
#define CFS_EPOLL_REMOVE 2
#define CFS_EPOLL_MODIFY 3
long cfs_epoll_create(void);
long cfs_epoll_change(int epoll, int operation, int fd, uint32_t interest, uint64_t token);
/// Waits for up to 16 events; again when interrupted.
long cfs_epoll_wait(int epoll, struct cfs_event *events, int milliseconds);

// MARK: Terminals (tty_ioctl(4), pty(7))

struct cfs_window_size {
    uint16_t rows, columns, x_pixels, y_pixels;
};
long cfs_window_size_get(int fd, struct cfs_window_size *size);
long cfs_window_size_set(int fd, const struct cfs_window_size *size);
/// Unlocks a master opened from a devpts `ptmx` and opens its other side without a path (TIOCGPTPEER, Linux 4.13).
long cfs_pty_open_peer(int master);
long cfs_pty_number(int master);
long cfs_set_controlling_terminal(int fd);
/// Keeps the current attributes in `saved` (at least 128 bytes) and switches to raw mode.
long cfs_terminal_raw(int fd, void *saved, size_t saved_size);
/// Writes line feeds as they are (ONLCR off, termios(3)).
long cfs_terminal_plain_output(int fd);
long cfs_terminal_restore(int fd, const void *saved);
/// Clears ONLCR on output, as OCI callers expect.
long cfs_terminal_clear_onlcr(int fd);
long cfs_is_terminal(int fd);

// MARK: Signals

long cfs_signalfd(const int *signals, size_t count);
long cfs_block_all_signals(void);
long cfs_unblock_all_signals(void);
/// What a program may find changed by whoever started it: an ignored signal stays ignored over execve(2). The standard
/// signals, 1 to 31, get their default action.
long cfs_default_signal_actions(void);

// MARK: Files

long cfs_makedev(unsigned major, unsigned minor);
struct cfs_stat {
    uint64_t dev, rdev, inode, links;
    int64_t size, blocks, mtime_seconds, mtime_nanoseconds;
    uint32_t mode, uid, gid;
    uint32_t rdev_major, rdev_minor;
};
/// fstatat(2); with CFS_AT_EMPTY_PATH and "" it is fstat.
long cfs_fstatat(int dirfd, const char *path, struct cfs_stat *result, int flags);
/// The magic of the file system behind a descriptor (fstatfs(2)), e.g. PROC_SUPER_MAGIC.
long cfs_filesystem_magic(int fd);
#define CFS_PROC_SUPER_MAGIC 0x9fa0
#define CFS_SYSFS_MAGIC 0x62656572
#define CFS_CGROUP2_SUPER_MAGIC 0x63677270
#define CFS_TMPFS_MAGIC 0x01021994
#define CFS_DEVPTS_SUPER_MAGIC 0x1cd1
#define CFS_OVERLAYFS_SUPER_MAGIC 0x794c7630

/// Opens what a number of kernfs (a cgroup's) stands for, below any descriptor of that file system
/// (open_by_handle_at(2), FILEID_KERNFS); a folder, for its path only.
long cfs_open_kernfs_handle(int mount, uint64_t identifier);

/// The same by path (statfs(2)).
long cfs_filesystem_magic_at(const char *path);
/// major(3) and minor(3) of a `dev` or `rdev` above.
unsigned cfs_device_major(uint64_t dev);
unsigned cfs_device_minor(uint64_t dev);
/// pread(2) at the beginning; again when interrupted.
long cfs_read_from_start(int fd, void *bytes, size_t length);

// MARK: Device filters of cgroups (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE)

/// Loads a program of `count` instructions of 8 bytes; returns its descriptor. `log` gets the verifier's words when
/// `log_size` is not 0.
long cfs_bpf_load_device_program(const void *instructions, uint32_t count, const char *name, char *log, uint32_t log_size);
/// Attaches it beside what is there (BPF_F_ALLOW_MULTI), or in the place of `replaced` (Linux 5.6) when that is not -1.
long cfs_bpf_attach_device_program(int cgroup, int program, int replaced);
long cfs_bpf_detach_device_program(int cgroup, int program);
/// The numbers of those attached to this very cgroup, up to `*count`; `*count` becomes how many there are.
long cfs_bpf_device_programs(int cgroup, uint32_t *ids, uint32_t *count);
long cfs_bpf_program_by_id(uint32_t id);
long cfs_bpf_program_name(int program, char name[16]);

// MARK: Waiting for one descriptor (poll(2))

#define CFS_POLLPRI 0x002
#define CFS_POLLERR 0x008
/// What of `events` is there, or 0 when `milliseconds` (-1: without end) have passed. Returns early, with 0, when
/// interrupted.
long cfs_poll_one(int fd, int events, int milliseconds);

// MARK: Process resources

long cfs_setrlimit(int resource, uint64_t soft, uint64_t hard);
long cfs_getrlimit(int resource, uint64_t *soft, uint64_t *hard);
/// The largest resident size in KiB of this process (who = 0) or its waited-for children (who = -1).
long cfs_max_rss(int who);
uint64_t cfs_monotonic_ns(void);
uint64_t cfs_realtime_ns(void);
/// mallopt(3): the heap grows by `step` bytes at least, and gives back what is free above `kept` bytes only.
void cfs_keep_heap(size_t step, size_t kept);
/// prlimit(2) of another process.
long cfs_set_process_limit(int pid, int resource, uint64_t soft, uint64_t hard);
/// Starts `path` as posix_spawn(3) would: descriptors `map[2*i]` become `map[2*i+1]` in order (a source must not be a
/// target of an earlier pair), a new session when asked, no signal blocked, the usual ones not ignored.
long cfs_spawn(const char *path, char *const argv[], char *const envp[], const int *map, size_t pairs, int flags);
#define CFS_SPAWN_SESSION 1      // leads a session of its own
#define CFS_SPAWN_KEYRING 2      // has a session keyring of its own, where the kernel has keys
#define CFS_SPAWN_NO_NEW_PRIVS 4 // cannot gain privileges by executing a program

#endif
