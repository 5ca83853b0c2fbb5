#define _GNU_SOURCE
#include "include/clinux.h"

#include <malloc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int argument_count;
static char **arguments;

const char *cfs_argument(int index) { return index < argument_count ? arguments[index] : NULL; }

// Before Swift's own constructors: its runtime looks for its path under /proc and aborts where /proc is not mounted.
__attribute__((constructor(101))) static void cfs_before_swift(int argc, char **argv, char **envp) {
    (void)envp;
    argument_count = argc;
    arguments = argv;
    setenv("SWIFT_ROOT", "/", 0);
    // Where no backtrace program is: looking for one in ten places is work of every start, also when none is wanted.
    setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/", 0);
}

static long result_of(long value) { return value == -1 ? -errno : value; }

long cfs_execute_own_read_only(void) { return cfs_execute_read_only(arguments, environ); }

int cfs_contains(const void *text, size_t length, const void *word, size_t word_length) {
    return memmem(text, length, word, word_length) != NULL;
}

long cfs_syscall(long number, long a, long b, long c, long d, long e, long f) {
    return result_of(syscall(number, a, b, c, d, e, f));
}

#define CFS_NR(name) const long cfs_nr_##name = SYS_##name;
CFS_NR(open_tree) CFS_NR(move_mount) CFS_NR(fsopen) CFS_NR(fsconfig) CFS_NR(fsmount) CFS_NR(fspick)
CFS_NR(mount_setattr) CFS_NR(openat2) CFS_NR(clone3) CFS_NR(close_range) CFS_NR(pidfd_open)
CFS_NR(pidfd_send_signal) CFS_NR(pivot_root) CFS_NR(setns) CFS_NR(unshare) CFS_NR(keyctl) CFS_NR(seccomp)
CFS_NR(capset) CFS_NR(capget) CFS_NR(execveat) CFS_NR(memfd_create) CFS_NR(faccessat2) CFS_NR(getdents64)
CFS_NR(setresuid) CFS_NR(setresgid) CFS_NR(setgroups) CFS_NR(prctl) CFS_NR(waitid) CFS_NR(bpf)
CFS_NR(mount) CFS_NR(umount2) CFS_NR(copy_file_range) CFS_NR(renameat2) CFS_NR(sethostname) CFS_NR(setdomainname)
CFS_NR(signalfd4) CFS_NR(rt_sigprocmask) CFS_NR(sendfile) CFS_NR(fsetxattr) CFS_NR(fgetxattr) CFS_NR(flistxattr)
CFS_NR(syncfs) CFS_NR(setfsuid) CFS_NR(setfsgid) CFS_NR(sched_setattr) CFS_NR(sched_setaffinity)
CFS_NR(ioprio_set) CFS_NR(personality) CFS_NR(set_mempolicy) CFS_NR(pidfd_getfd) CFS_NR(splice)

long cfs_clone3(struct cfs_clone_args *args) {
    // glibc caches the thread id in the thread descriptor; the kernel writes the child's own there.
    int *tid_address = NULL;
    if (prctl(PR_GET_TID_ADDRESS, &tid_address, 0, 0, 0) == 0 && tid_address != NULL) {
        args->flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
        args->child_tid = (uint64_t)(uintptr_t)tid_address;
    }
    return result_of(syscall(SYS_clone3, args, sizeof *args));
}

long cfs_waitid(int id_type, int id, struct cfs_wait_result *result, int options) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    long status;
    do {
        status = syscall(SYS_waitid, id_type, id, &info, options, NULL);
    } while (status == -1 && errno == EINTR);
    if (status == -1) return -errno;
    result->pid = info.si_pid;
    result->code = info.si_code;
    result->status = info.si_status;
    result->uid = info.si_uid;
    return 0;
}

#define MAX_FDS 253

long cfs_send_fds(int socket, const void *bytes, size_t length, const int *fds, size_t count, int flags) {
    if (count > MAX_FDS) return -EINVAL;
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS)];
        struct cmsghdr alignment;
    } control;
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        memset(control.bytes, 0, message.msg_controllen);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    } while (sent == -1 && errno == EINTR);
    return result_of(sent);
}

long cfs_receive_fds(int socket, void *bytes, size_t length, int *fds, size_t *count, int flags) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS)];
        struct cmsghdr alignment;
    } control;
    struct iovec vector = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t received;
    do {
        received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    } while (received == -1 && errno == EINTR);
    size_t capacity = *count, found = 0;
    *count = 0;
    if (received == -1) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        const unsigned char *data = CMSG_DATA(header);
        for (size_t i = 0; i < here; i++) {
            int fd;
            memcpy(&fd, data + i * sizeof(int), sizeof fd);
            if (found < capacity) fds[found++] = fd;
            else close(fd);
        }
    }
    *count = found;
    return received;
}

long cfs_tell_local_address(int socket, int family) {
    int on = 1;
    return result_of(
        family == AF_INET6 ? setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on)
                           : setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on));
}

#define LOCAL_ADDRESS_SPACE (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo)))

long cfs_receive_datagram(
    int socket, void *bytes, size_t length, struct sockaddr *from, uint32_t *from_length, struct cfs_local_address *local) {
    union {
        char bytes[LOCAL_ADDRESS_SPACE];
        struct cmsghdr alignment;
    } control;
    struct iovec vector = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {
        .msg_name = from, .msg_namelen = *from_length, .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes};
    ssize_t received;
    do {
        received = recvmsg(socket, &message, 0);
    } while (received == -1 && errno == EINTR);
    memset(local, 0, sizeof *local);
    if (received == -1) return -errno;
    *from_length = message.msg_namelen;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(header), sizeof info);
            local->family = AF_INET;
            memcpy(local->address, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
        } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(header), sizeof info);
            // Nobody sends from the address of a group.
            if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) continue;
            local->family = AF_INET6;
            if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) local->device = info.ipi6_ifindex;
            memcpy(local->address, &info.ipi6_addr, sizeof info.ipi6_addr);
        }
    }
    return received;
}

long cfs_send_datagram(
    int socket, const void *bytes, size_t length, const struct sockaddr *to, uint32_t to_length,
    const struct cfs_local_address *local) {
    union {
        char bytes[LOCAL_ADDRESS_SPACE];
        struct cmsghdr alignment;
    } control;
    memset(&control, 0, sizeof control);
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {
        .msg_name = (void *)to, .msg_namelen = to_length, .msg_iov = &vector, .msg_iovlen = 1};
    if (local->family == AF_INET || local->family == AF_INET6) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (local->family == AF_INET) {
            struct in_pktinfo info = {0};
            memcpy(&info.ipi_spec_dst, local->address, sizeof info.ipi_spec_dst);
            header->cmsg_level = IPPROTO_IP;
            header->cmsg_type = IP_PKTINFO;
            header->cmsg_len = CMSG_LEN(sizeof info);
            memcpy(CMSG_DATA(header), &info, sizeof info);
            message.msg_controllen = CMSG_SPACE(sizeof info);
        } else {
            struct in6_pktinfo info = {0};
            memcpy(&info.ipi6_addr, local->address, sizeof info.ipi6_addr);
            info.ipi6_ifindex = local->device;
            header->cmsg_level = IPPROTO_IPV6;
            header->cmsg_type = IPV6_PKTINFO;
            header->cmsg_len = CMSG_LEN(sizeof info);
            memcpy(CMSG_DATA(header), &info, sizeof info);
            message.msg_controllen = CMSG_SPACE(sizeof info);
        }
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent == -1 && errno == EINTR);
    return result_of(sent);
}

long cfs_seccomp_listen(
    uint32_t flags, const struct cfs_sock_fprog *program, int socket, const void *word, size_t length, int *failed) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr alignment;
    } control;
    memset(&control, 0, sizeof control);
    struct iovec vector = {.iov_base = (void *)word, .iov_len = length};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    *failed = 0;
    int listener = (int)syscall(
        SYS_seccomp, CFS_SECCOMP_SET_MODE_FILTER, flags | CFS_SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
    if (listener == -1) return -errno;
    memcpy(CMSG_DATA(header), &listener, sizeof listener);
    long done;
    do {
        done = syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
    } while (done == -1 && errno == EINTR);
    if (done == -1) {
        *failed = 1;
        return -errno;
    }
    // From here on a call that waits is answered: the other end hands the descriptor on before it says so. While a copy were
    // open here, the end of whoever answers would not end the waiting.
    syscall(SYS_close, listener);
    *failed = 3;
    char answer;
    do {
        done = syscall(SYS_read, socket, &answer, sizeof answer);
    } while (done == -1 && errno == EINTR);
    if (done == -1) return -errno;
    return done == 1 ? 0 : -ECONNRESET;
}

long cfs_peer_credentials(int socket, struct cfs_ucred *credentials) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == -1) return -errno;
    credentials->pid = peer.pid;
    credentials->uid = peer.uid;
    credentials->gid = peer.gid;
    return 0;
}

static long unix_address(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address->sun_path) return -ENAMETOOLONG;
    memcpy(address->sun_path, path, length);
    return 0;
}

static long unix_socket(const char *path, int type, int (*action)(int, const struct sockaddr *, socklen_t)) {
    struct sockaddr_un address;
    long status = unix_address(path, &address);
    if (status < 0) return status;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd == -1) return -errno;
    if (action(fd, (const struct sockaddr *)&address, sizeof address) == -1) {
        long error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

// Before it is bound, so that nobody can connect in between: bind(2) gives the file the mode of the socket.
static int bind_private(int fd, const struct sockaddr *address, socklen_t length) {
    return fchmod(fd, 0600) == -1 ? -1 : bind(fd, address, length);
}

long cfs_unix_listen(const char *path, int backlog) {
    long fd = unix_socket(path, SOCK_SEQPACKET, bind_private);
    if (fd < 0) return fd;
    if (listen((int)fd, backlog) == -1) {
        long error = -errno;
        close((int)fd);
        return error;
    }
    return fd;
}

long cfs_unix_connect(const char *path) { return unix_socket(path, SOCK_SEQPACKET, connect); }
long cfs_unix_connect_stream(const char *path) { return unix_socket(path, SOCK_STREAM, connect); }

long cfs_unix_connect_stream_within(const char *path, int milliseconds) {
    struct sockaddr_un address;
    long status = unix_address(path, &address);
    if (status < 0) return status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1) return -errno;
    struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == -1
        || connect(fd, (const struct sockaddr *)&address, sizeof address) == -1) {
        long error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

long cfs_unix_connect_datagram(const char *path) { return unix_socket(path, SOCK_DGRAM, connect); }

long cfs_accept(int socket) {
    int fd;
    do {
        fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC);
    } while (fd == -1 && errno == EINTR);
    return result_of(fd);
}

long cfs_socketpair_seqpacket(int fds[2]) {
    return result_of(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
}

long cfs_pipe(int fds[2]) { return result_of(pipe2(fds, O_CLOEXEC)); }

long cfs_loopback_up(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1) return -errno;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    long status = result_of(ioctl(fd, SIOCSIFFLAGS, &request));
    close(fd);
    return status;
}

long cfs_epoll_create(void) { return result_of(epoll_create1(EPOLL_CLOEXEC)); }

long cfs_epoll_change(int epoll, int operation, int fd, uint32_t interest, uint64_t token) {
    struct epoll_event event = {.events = interest, .data = {.u64 = token}};
    return result_of(epoll_ctl(epoll, operation, fd, &event));
}

long cfs_epoll_wait(int epoll, struct cfs_event *events, int milliseconds) {
    struct epoll_event found[16];
    int count;
    do {
        count = epoll_wait(epoll, found, 16, milliseconds);
    } while (count == -1 && errno == EINTR);
    for (int i = 0; i < count; i++) events[i] = (struct cfs_event){.token = found[i].data.u64, .ready = found[i].events};
    return result_of(count);
}

long cfs_window_size_get(int fd, struct cfs_window_size *size) { return result_of(ioctl(fd, TIOCGWINSZ, size)); }

long cfs_window_size_set(int fd, const struct cfs_window_size *size) { return result_of(ioctl(fd, TIOCSWINSZ, size)); }

long cfs_pty_open_peer(int master) {
    int locked = 0;
    if (ioctl(master, TIOCSPTLCK, &locked) == -1) return -errno;
    return result_of(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

long cfs_pty_number(int master) {
    unsigned number = 0;
    if (ioctl(master, TIOCGPTN, &number) == -1) return -errno;
    return number;
}

long cfs_set_controlling_terminal(int fd) { return result_of(ioctl(fd, TIOCSCTTY, 0)); }

long cfs_terminal_raw(int fd, void *saved, size_t saved_size) {
    struct termios attributes;
    if (saved_size < sizeof attributes) return -EINVAL;
    if (tcgetattr(fd, &attributes) == -1) return -errno;
    memcpy(saved, &attributes, sizeof attributes);
    cfmakeraw(&attributes);
    return result_of(tcsetattr(fd, TCSANOW, &attributes));
}

long cfs_terminal_plain_output(int fd) {
    struct termios attributes;
    if (tcgetattr(fd, &attributes) == -1) return -errno;
    attributes.c_oflag &= ~(tcflag_t)ONLCR;
    return result_of(tcsetattr(fd, TCSANOW, &attributes));
}

long cfs_terminal_restore(int fd, const void *saved) {
    struct termios attributes;
    memcpy(&attributes, saved, sizeof attributes);
    return result_of(tcsetattr(fd, TCSANOW, &attributes));
}

long cfs_terminal_clear_onlcr(int fd) {
    struct termios attributes;
    if (tcgetattr(fd, &attributes) == -1) return -errno;
    attributes.c_oflag &= ~(tcflag_t)ONLCR;
    return result_of(tcsetattr(fd, TCSANOW, &attributes));
}

long cfs_is_terminal(int fd) {
    struct termios attributes;
    return tcgetattr(fd, &attributes) == 0;
}

long cfs_signalfd(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1) return -errno;
    return result_of(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

long cfs_block_all_signals(void) {
    sigset_t set;
    sigfillset(&set);
    return result_of(sigprocmask(SIG_SETMASK, &set, NULL));
}

long cfs_unblock_all_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    return result_of(sigprocmask(SIG_SETMASK, &none, NULL));
}

long cfs_default_signal_actions(void) {
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < 32; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        if (sigaction(number, &standard, NULL) == -1) return -errno;
    }
    return 0;
}

long cfs_makedev(unsigned major, unsigned minor) { return (long)makedev(major, minor); }

long cfs_fstatat(int dirfd, const char *path, struct cfs_stat *result, int flags) {
    struct stat status;
    if (fstatat(dirfd, path, &status, flags) == -1) return -errno;
    *result = (struct cfs_stat){
        .dev = status.st_dev, .rdev = status.st_rdev, .inode = status.st_ino, .links = status.st_nlink,
        .size = status.st_size, .blocks = status.st_blocks,
        .mtime_seconds = status.st_mtim.tv_sec, .mtime_nanoseconds = status.st_mtim.tv_nsec,
        .mode = status.st_mode, .uid = status.st_uid, .gid = status.st_gid,
        .rdev_major = major(status.st_rdev), .rdev_minor = minor(status.st_rdev)};
    return 0;
}

long cfs_filesystem_magic(int fd) {
    struct statfs status;
    if (fstatfs(fd, &status) == -1) return -errno;
    return (long)status.f_type;
}

long cfs_open_kernfs_handle(int mount, uint64_t identifier) {
    struct {
        struct file_handle head;
        uint64_t identifier;
    } handle;
    memset(&handle, 0, sizeof handle);
    handle.head.handle_bytes = sizeof identifier;
    handle.head.handle_type = 0xfe;  // FILEID_KERNFS
    memcpy(handle.head.f_handle, &identifier, sizeof identifier);
    return result_of(open_by_handle_at(mount, &handle.head, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

long cfs_filesystem_magic_at(const char *path) {
    struct statfs status;
    if (statfs(path, &status) == -1) return -errno;
    return (long)status.f_type;
}

unsigned cfs_device_major(uint64_t dev) { return major(dev); }
unsigned cfs_device_minor(uint64_t dev) { return minor(dev); }

long cfs_read_from_start(int fd, void *bytes, size_t length) {
    ssize_t count;
    do {
        count = pread(fd, bytes, length, 0);
    } while (count == -1 && errno == EINTR);
    return result_of(count);
}

static long bpf_call(enum bpf_cmd command, union bpf_attr *attributes) {
    return result_of(syscall(SYS_bpf, command, attributes, sizeof *attributes));
}

long cfs_bpf_load_device_program(const void *instructions, uint32_t count, const char *name, char *log, uint32_t log_size) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uint64_t)(uintptr_t)instructions;
    attributes.insn_cnt = count;
    attributes.license = (uint64_t)(uintptr_t)"Apache-2.0";
    strncpy(attributes.prog_name, name, sizeof attributes.prog_name - 1);
    if (log_size > 0) {
        attributes.log_level = 1;
        attributes.log_buf = (uint64_t)(uintptr_t)log;
        attributes.log_size = log_size;
    }
    return bpf_call(BPF_PROG_LOAD, &attributes);
}

long cfs_bpf_attach_device_program(int cgroup, int program, int replaced) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = cgroup;
    attributes.attach_bpf_fd = program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaced >= 0) {
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = replaced;
    }
    return bpf_call(BPF_PROG_ATTACH, &attributes);
}

long cfs_bpf_detach_device_program(int cgroup, int program) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = cgroup;
    attributes.attach_bpf_fd = program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    return bpf_call(BPF_PROG_DETACH, &attributes);
}

long cfs_bpf_device_programs(int cgroup, uint32_t *ids, uint32_t *count) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.query.target_fd = cgroup;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = (uint64_t)(uintptr_t)ids;
    attributes.query.prog_cnt = *count;
    long result = bpf_call(BPF_PROG_QUERY, &attributes);
    *count = attributes.query.prog_cnt;
    return result;
}

long cfs_bpf_program_by_id(uint32_t id) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_id = id;
    return bpf_call(BPF_PROG_GET_FD_BY_ID, &attributes);
}

long cfs_bpf_program_name(int program, char name[16]) {
    struct bpf_prog_info info;
    union bpf_attr attributes;
    memset(&info, 0, sizeof info);
    memset(&attributes, 0, sizeof attributes);
    attributes.info.bpf_fd = program;
    attributes.info.info_len = sizeof info;
    attributes.info.info = (uint64_t)(uintptr_t)&info;
    long result = bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attributes);
    if (result < 0) return result;
    memcpy(name, info.name, 16);
    name[15] = 0;
    return 0;
}

long cfs_poll_one(int fd, int events, int milliseconds) {
    struct pollfd waited = {.fd = fd, .events = (short)events};
    int count = poll(&waited, 1, milliseconds);
    if (count == -1) return errno == EINTR ? 0 : -errno;
    return count == 0 ? 0 : waited.revents;
}

long cfs_setrlimit(int resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return result_of(setrlimit(resource, &limit));
}

long cfs_getrlimit(int resource, uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) == -1) return -errno;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

long cfs_max_rss(int who) {
    struct rusage usage;
    if (getrusage(who, &usage) == -1) return -errno;
    return usage.ru_maxrss;
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t cfs_monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
uint64_t cfs_realtime_ns(void) { return clock_ns(CLOCK_REALTIME); }

// glibc's posix_spawn asks for the disposition of all 64 signals in the child, 64 system calls of a start's 600.
// This does the same with vfork(2): the child shares memory, so it calls nothing but system calls.
long cfs_spawn(const char *path, char *const argv[], char *const envp[], const int *map, size_t pairs, int flags) {
    // What an ignored disposition would break here; a container's command gets all of them set anew.
    static const int ignorable[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGXFSZ};
    volatile int error = 0;
    sigset_t all, before, none;
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0) {
        struct sigaction standard;
        memset(&standard, 0, sizeof standard);
        standard.sa_handler = SIG_DFL;
        for (size_t i = 0; i < sizeof ignorable / sizeof *ignorable; i++) sigaction(ignorable[i], &standard, NULL);
        if (flags & CFS_SPAWN_SESSION) setsid();
        long failed = 0;
        if (flags & CFS_SPAWN_KEYRING) failed = syscall(SYS_keyctl, CFS_KEYCTL_JOIN_SESSION_KEYRING, NULL);
        if (failed == -1 && errno == ENOSYS) failed = 0;
        if (failed != -1 && flags & CFS_SPAWN_NO_NEW_PRIVS) failed = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (failed == -1) {
            error = errno;
            _exit(127);
        }
        int highest = 2;
        for (size_t i = 0; i < pairs; i++) {
            int from = map[2 * i], to = map[2 * i + 1];
            if (to > highest) highest = to;
            int done = from == to ? fcntl(from, F_SETFD, 0) : dup2(from, to);
            if (done == -1) {
                error = errno;
                _exit(127);
            }
        }
        // What the caller of this program left open is not for a process that may live long: a pipe would never end.
        syscall(SYS_close_range, highest + 1, ~0U, CLOSE_RANGE_CLOEXEC);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve(path, argv, envp);
        error = errno;
        _exit(127);
    }
    int fork_error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid == -1) return -fork_error;
    if (error != 0) {
        int status;
        waitpid(pid, &status, 0);
        return -error;
    }
    return pid;
}

void cfs_keep_heap(size_t step, size_t kept) {
    mallopt(M_TOP_PAD, (int)step);
    mallopt(M_TRIM_THRESHOLD, (int)kept);
}

long cfs_set_process_limit(int pid, int resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return result_of(prlimit(pid, (enum __rlimit_resource)resource, &limit, NULL));
}
