// The floor: what the kernel itself takes for a container as cfs starts one. The same clone3 with all namespaces and the
// same id maps, the same overlay over id-mapped layers, the same mounts, masks and devices, pivot_root, execve, wait; and
// nothing else: no configuration, no image store, no registry, no log, no capabilities, no seccomp, no monitor.
//
//     floor LAYER[:LAYER...] STATE CGROUP-V2 COMMAND [ARGUMENT...]      (layers from the topmost down)
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_ID 1073741824u
#define RANGE 65536u
#define MS_REC_PRIVATE (16384ul | (1ul << 18))
#define DETACH 2

static long check(long result, const char *what) {
    if (result == -1) {
        fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
        _exit(125);
    }
    return result;
}

// MARK: The mount API

static int make_context(const char *type) { return (int)check(syscall(SYS_fsopen, type, 1), type); }

static void set_option(int context, const char *key, const char *value) {
    check(syscall(SYS_fsconfig, context, value ? 1 : 0, key, value, 0), key);
}

static int finish(int context, unsigned attributes) {
    char reason[256] = "fsconfig";
    if (syscall(SYS_fsconfig, context, 6, NULL, NULL, 0) == -1) {
        int error = errno;
        ssize_t length = read(context, reason, sizeof reason - 1);
        if (length > 0) reason[length] = 0;
        errno = error;
        check(-1, reason);
    }
    int tree = (int)check(syscall(SYS_fsmount, context, 1, attributes), "fsmount");
    close(context);
    return tree;
}

static int clone_tree(int directory, const char *path) {
    unsigned flags = 1 | O_CLOEXEC | (*path ? 0 : AT_EMPTY_PATH);
    return (int)check(syscall(SYS_open_tree, directory, path, flags), path);
}

static void set_attributes(int tree, uint64_t set, int user_namespace) {
    struct mount_attr attributes = {.attr_set = set, .userns_fd = user_namespace < 0 ? 0 : (uint64_t)user_namespace};
    if (user_namespace >= 0) attributes.attr_set |= MOUNT_ATTR_IDMAP;
    check(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes), "mount_setattr");
}

static void attach(int tree, int target) { check(syscall(SYS_move_mount, tree, "", target, "", 4 | 0x40), "move_mount"); }

// MARK: The parent's half

static int make_overlay(char *layers, const char *state, int user_namespace) {
    int context = make_context("overlay");
    for (char *layer = strtok(layers, ":"); layer; layer = strtok(NULL, ":")) {
        int tree = clone_tree(AT_FDCWD, layer);
        set_attributes(tree, 0, user_namespace);
        // Left open: closing the last descriptor of a detached mount takes it apart, also under an unfinished overlay.
        check(syscall(SYS_fsconfig, context, 5, "lowerdir+", NULL, tree), "lowerdir+");
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/upper", state);
    check(mkdir(path, 0755), path);
    check(chown(path, FIRST_ID, FIRST_ID), path);
    set_option(context, "upperdir", path);
    snprintf(path, sizeof path, "%s/work", state);
    check(mkdir(path, 0755), path);
    check(chown(path, FIRST_ID, FIRST_ID), path);
    set_option(context, "workdir", path);
    return finish(context, 0);
}

static int make_devices(int user_namespace) {
    static const struct { const char *name; unsigned major, minor; } nodes[] = {
        {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    static const char *const links[][2] = {{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"},
        {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"}};
    static const char *const folders[] = {"pts", "shm", "mqueue"};
    int context = make_context("tmpfs");
    set_option(context, "mode", "755");
    set_option(context, "size", "65536k");
    int tree = finish(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        check(mknodat(tree, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].name);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) check(mkdirat(tree, folders[i], 0755), folders[i]);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) check(symlinkat(links[i][0], tree, links[i][1]), links[i][1]);
    set_attributes(tree, 0, user_namespace);
    return tree;
}

static void write_map(pid_t pid, const char *name) {
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int length = snprintf(text, sizeof text, "0 %u %u\n", FIRST_ID, RANGE);
    int file = (int)check(open(path, O_WRONLY | O_CLOEXEC), path);
    check(write(file, text, (size_t)length), path);
    close(file);
}

static void send_mounts(int socket, const int *trees, size_t count) {
    union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr alignment; } control;
    struct iovec vector = {.iov_base = "", .iov_len = 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
    memcpy(CMSG_DATA(header), trees, count * sizeof(int));
    check(sendmsg(socket, &message, 0), "sendmsg");
}

// MARK: The child's half

static void receive_mounts(int socket, int *trees, size_t count) {
    union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr alignment; } control;
    char byte;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes};
    if (check(recvmsg(socket, &message, MSG_CMSG_CLOEXEC), "recvmsg") != 1) _exit(125);
    memcpy(trees, CMSG_DATA(CMSG_FIRSTHDR(&message)), count * sizeof(int));
}

static void raise_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int handle = (int)check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    check(ioctl(handle, SIOCSIFFLAGS, &request), "lo");
    close(handle);
}

static int open_inside(int root, const char *path) { return openat(root, path, O_PATH | O_CLOEXEC); }

static void mount_inside(int root, const char *target, int tree) {
    int folder = (int)check(open_inside(root, target), target);
    attach(tree, folder);
    close(folder);
    close(tree);
}

static void mask(int root) {
    static const char *const masked[] = {"proc/acpi", "proc/asound", "proc/config.gz", "proc/interrupts", "proc/iomem",
        "proc/ioports", "proc/kallsyms", "proc/kcore", "proc/keys", "proc/key-users", "proc/latency_stats", "proc/mtrr",
        "proc/pagetypeinfo", "proc/kpagecgroup", "proc/kpagecount", "proc/kpageflags", "proc/sched_debug", "proc/scsi",
        "proc/slabinfo", "proc/timer_list", "proc/timer_stats", "proc/vmallocinfo", "sys/firmware",
        "sys/devices/virtual/powercap", "sys/kernel/vmcoreinfo", "sys/kernel/notes", "sys/kernel/btf", "sys/kernel/debug",
        "sys/kernel/security", "sys/module"};
    static const char *const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger",
        "proc/pressure"};
    int null = (int)check(open_inside(root, "dev/null"), "/dev/null");
    int empty = finish(make_context("tmpfs"), MOUNT_ATTR_RDONLY);
    for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
        int target = open_inside(root, masked[i]);
        if (target == -1) continue;
        struct stat status;
        check(fstat(target, &status), masked[i]);
        attach(clone_tree(S_ISDIR(status.st_mode) ? empty : null, ""), target);
    }
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
        int target = open_inside(root, read_only[i]);
        if (target == -1) continue;
        int tree = clone_tree(target, "");
        set_attributes(tree, MOUNT_ATTR_RDONLY, -1);
        attach(tree, target);
    }
}

static void run_child(int socket, char **command) {
    check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
    check(unshare(CLONE_NEWCGROUP), "unshare");
    raise_loopback();
    check(sethostname("floor", 5), "sethostname");
    check(syscall(SYS_mount, NULL, "/", NULL, MS_REC_PRIVATE, NULL), "mount");
    int trees[2];
    receive_mounts(socket, trees, 2);
    check(setresgid(0, 0, 0), "setresgid");
    check(setresuid(0, 0, 0), "setresuid");

    int root = trees[0];
    check(syscall(SYS_move_mount, root, "", AT_FDCWD, "/", 4), "move_mount");
    const unsigned quiet = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    mount_inside(root, "proc", finish(make_context("proc"), quiet));
    mount_inside(root, "dev", trees[1]);
    int context = make_context("devpts");
    set_option(context, "newinstance", NULL);
    set_option(context, "ptmxmode", "0666");
    set_option(context, "mode", "0620");
    mount_inside(root, "dev/pts", finish(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
    context = make_context("tmpfs");
    set_option(context, "mode", "1777");
    set_option(context, "size", "65536k");
    mount_inside(root, "dev/shm", finish(context, quiet));
    mount_inside(root, "dev/mqueue", finish(make_context("mqueue"), quiet));
    mount_inside(root, "sys", finish(make_context("sysfs"), quiet | MOUNT_ATTR_RDONLY));
    mount_inside(root, "sys/fs/cgroup", finish(make_context("cgroup2"), quiet | MOUNT_ATTR_RDONLY));
    mask(root);

    check(fchdir(root), "fchdir");
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(syscall(SYS_umount2, ".", DETACH), "umount2");
    check(chdir("/"), "chdir");
    char *environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    execve(command[0], command, environment);
    check(-1, command[0]);
}

int main(int count, char **arguments) {
    if (count < 5) {
        fputs("usage: floor LAYER[:LAYER...] STATE CGROUP-V2 COMMAND [ARGUMENT...]\n", stderr);
        return 2;
    }
    char state[2048], cgroup[2048], path[4096];
    snprintf(state, sizeof state, "%s/%d", arguments[2], getpid());
    snprintf(cgroup, sizeof cgroup, "%s/floor-%d", arguments[3], getpid());
    check(mkdir(state, 0755), state);
    check(mkdir(cgroup, 0755), cgroup);
    int cgroup_folder = (int)check(open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC), cgroup);
    int ends[2], handle = -1;
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");

    struct clone_args clone = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWTIME |
                 CLONE_PIDFD | CLONE_INTO_CGROUP,
        .pidfd = (uint64_t)(uintptr_t)&handle, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup_folder};
    pid_t child = (pid_t)check(syscall(SYS_clone3, &clone, sizeof clone), "clone3");
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], arguments + 4);
    }
    close(ends[1]);
    write_map(child, "uid_map");
    write_map(child, "gid_map");
    snprintf(path, sizeof path, "/proc/%d/ns/user", child);
    int user_namespace = (int)check(open(path, O_RDONLY | O_CLOEXEC), path);
    int trees[2] = {make_overlay(arguments[1], state, user_namespace), make_devices(user_namespace)};
    send_mounts(ends[0], trees, 2);
    close(trees[0]);
    close(trees[1]);

    siginfo_t end;
    check(waitid(P_PIDFD, (id_t)handle, &end, WEXITED), "waitid");
    check(rmdir(cgroup), cgroup);
    snprintf(path, sizeof path, "%s/work/work", state);
    rmdir(path);
    for (const char *const *name = (const char *const[]){"work", "upper", NULL}; *name; name++) {
        snprintf(path, sizeof path, "%s/%s", state, *name);
        check(rmdir(path), path);
    }
    check(rmdir(state), state);
    return end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
}
