// The first instructions of cfs-runtime (the linker's --entry), before those of the C library.
//
// A process that enters a container runs from a read-only mount of its file (CVE-2019-5736), so it is executed twice. What the C
// library does at its start is not free: it asks the processor about its caches by CPUID, some hundred times, and in a
// virtual machine each of these leaves the machine. Done here, that start and Swift's happen once.
//
// Nothing here may call the C library, not even by what a compiler makes of a loop: its functions are not there yet, nor is errno.
#define _GNU_SOURCE
#include "include/clinux.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define BEFORE_LIBC __attribute__((no_builtin, no_stack_protector))

/// One system call; the kernel's result.
BEFORE_LIBC static inline long call(long number, long a, long b, long c, long d, long e) {
#if defined(__x86_64__)
    register long fourth __asm__("r10") = d, fifth __asm__("r8") = e;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d, x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#else
#error "no system calls for this architecture"
#endif
}

BEFORE_LIBC static int is(const char *word, const char *other) {
    while (*word != 0 && *word == *other) word++, other++;
    return *word == *other;
}

/// Whether a process of these arguments may enter a container. A word that is no command but an option's value makes it too
/// careful, never too careless.
BEFORE_LIBC static int enters(char **words) {
    if (words[0] == NULL || words[1] == NULL) return 0;
    // The engine's own words: whoever says them sees to the file.
    if (is(words[1], "monitor") || is(words[1], "enter") || is(words[1], "root")) return 0;
    for (char **word = words + 1; *word != NULL; word++)
        if (is(*word, "create") || is(*word, "run") || is(*word, "exec") || is(*word, "restore")) return 1;
    return 0;
}

BEFORE_LIBC long cfs_execute_read_only(char **words, char **environment) {
    if (!enters(words)) return 0;
    const char *program = "/proc/self/exe";
    long file = call(SYS_openat, AT_FDCWD, (long)program, O_PATH | O_CLOEXEC, 0, 0);
    if (file < 0) return file;
    struct statfs status;
    long known = call(SYS_fstatfs, file, (long)&status, 0, 0, 0);
    call(SYS_close, file, 0, 0, 0, 0);
    if (known == 0 && (status.f_flags & ST_RDONLY) != 0) return 0;
    long mount = call(SYS_open_tree, AT_FDCWD, (long)program, CFS_OPEN_TREE_CLONE | O_CLOEXEC, 0, 0);
    if (mount < 0) return mount;
    struct cfs_mount_attr attributes = {.attr_set = CFS_MOUNT_ATTR_RDONLY};
    long result = call(SYS_mount_setattr, mount, (long)"", CFS_AT_EMPTY_PATH, (long)&attributes, sizeof attributes);
    if (result == 0) {
        result = call(SYS_execveat, mount, (long)"", (long)words, (long)environment, CFS_AT_EMPTY_PATH);
    }
    call(SYS_close, mount, 0, 0, 0, 0);
    return result;
}

/// The stack that the kernel left: the number of arguments, they, NULL, the environment, NULL.
__attribute__((used, visibility("hidden"))) BEFORE_LIBC void cfs_before_libc(long *stack) {
    char **words = (char **)(stack + 1);
    // What fails here is tried again, and told, from Swift.
    cfs_execute_read_only(words, words + stack[0] + 1);
}

// Goes on where the C library begins, with the stack and the register that it expects from the kernel. Weak: in a shared
// library there is no such place, and nobody starts here.
#if defined(__x86_64__)
__asm__(".text\n.globl cfs_start\n.type cfs_start, @function\n.weak _start\n"
        "cfs_start:\n"
        "    xorl %ebp, %ebp\n"
        "    movq %rdx, %r12\n"
        "    movq %rsp, %rdi\n"
        "    call cfs_before_libc\n"
        "    movq %r12, %rdx\n"
        "    jmpq *_start@GOTPCREL(%rip)\n"
        ".size cfs_start, . - cfs_start\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl cfs_start\n.type cfs_start, %function\n.weak _start\n"
        "cfs_start:\n"
        "    mov x19, x0\n"
        "    mov x0, sp\n"
        "    bl cfs_before_libc\n"
        "    mov x0, x19\n"
        "    adrp x16, :got:_start\n"
        "    ldr x16, [x16, :got_lo12:_start]\n"
        "    br x16\n"
        ".size cfs_start, . - cfs_start\n");
#endif
