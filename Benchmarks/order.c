// Lists the functions that a command and everything it starts run through, in the order of their first call.
//
//     order EXECUTABLE LIST [EXECUTABLE LIST ...] -- COMMAND...
//
// Writes to each LIST the functions of that EXECUTABLE, a symbol a line: what the linker wants in --symbol-ordering-file.
// An executable must be linked for a fixed address and hold its symbols. Every function gets a breakpoint, which goes at
// its first hit; the command is followed with ptrace(2) over fork, clone and execve.
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

struct function {
    unsigned long address;
    const char *name;
    unsigned char code; // the byte that the breakpoint stands on
    int seen;
};

struct image {
    dev_t device;
    ino_t inode;
    struct function *functions;
    size_t count;
    FILE *list;
};

static struct image images[8];
static int image_count;

static void fail(const char *what) {
    perror(what);
    exit(125);
}

static int by_address(const void *a, const void *b) {
    unsigned long x = ((const struct function *)a)->address, y = ((const struct function *)b)->address;
    return x < y ? -1 : x > y;
}

static void load(struct image *image, const char *path, const char *list) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status)) fail(path);
    image->device = status.st_dev;
    image->inode = status.st_ino;
    image->list = fopen(list, "we");
    if (!image->list) fail(list);
    const char *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED) fail(path);
    const Elf64_Ehdr *header = (const void *)file;
    const Elf64_Shdr *sections = (const void *)(file + header->e_shoff);
    for (int i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB) continue;
        const Elf64_Sym *symbols = (const void *)(file + sections[i].sh_offset);
        const char *names = file + sections[sections[i].sh_link].sh_offset;
        size_t total = sections[i].sh_size / sizeof *symbols;
        image->functions = calloc(total, sizeof *image->functions);
        if (!image->functions) fail("calloc");
        for (size_t k = 0; k < total; k++) {
            const Elf64_Sym *symbol = &symbols[k];
            if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !symbol->st_size) continue;
            if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= header->e_shnum) continue;
            const Elf64_Shdr *section = &sections[symbol->st_shndx];
            if (!(section->sh_flags & SHF_EXECINSTR)) continue;
            image->functions[image->count++] = (struct function){
                .address = symbol->st_value,
                .name = names + symbol->st_name,
                .code = (unsigned char)file[section->sh_offset + symbol->st_value - section->sh_addr],
            };
        }
    }
    if (!image->count) {
        fprintf(stderr, "order: %s has no symbols\n", path);
        exit(125);
    }
    qsort(image->functions, image->count, sizeof *image->functions, by_address);
    close(fd);
}

static struct image *image_of(pid_t pid) {
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    if (stat(path, &status)) return NULL;
    for (int i = 0; i < image_count; i++)
        if (images[i].device == status.st_dev && images[i].inode == status.st_ino) return &images[i];
    return NULL;
}

static int memory_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) fail(path);
    return fd;
}

static void set_breakpoints(pid_t pid) {
    const struct image *image = image_of(pid);
    if (!image) return;
    const unsigned char breakpoint = 0xcc;
    int memory = memory_of(pid);
    for (size_t i = 0; i < image->count; i++)
        if (pwrite(memory, &breakpoint, 1, (off_t)image->functions[i].address) != 1) fail("pwrite");
    close(memory);
}

// Notes the function that a process has just entered, and lets it go on from its first byte; 0 when it is none of ours.
static int enter(pid_t pid) {
    struct user_regs_struct registers;
    struct image *image = image_of(pid);
    if (!image || ptrace(PTRACE_GETREGS, pid, 0, &registers)) return 0;
    struct function key = {.address = registers.rip - 1};
    struct function *function = bsearch(&key, image->functions, image->count, sizeof key, by_address);
    if (!function) return 0;
    int memory = memory_of(pid);
    if (pwrite(memory, &function->code, 1, (off_t)function->address) != 1) fail("pwrite");
    close(memory);
    // One function can have several names; another thread may have been here meanwhile.
    while (function > image->functions && function[-1].address == key.address) function--;
    for (; function < image->functions + image->count && function->address == key.address; function++) {
        if (function->seen) continue;
        function->seen = 1;
        fprintf(image->list, "%s\n", function->name);
    }
    registers.rip--;
    return !ptrace(PTRACE_SETREGS, pid, 0, &registers);
}

int main(int argc, char **argv) {
    int at = 1;
    for (; at + 1 < argc && strcmp(argv[at], "--"); at += 2) {
        if (image_count == (int)(sizeof images / sizeof *images)) break;
        load(&images[image_count++], argv[at], argv[at + 1]);
    }
    if (!image_count || at + 1 >= argc || strcmp(argv[at], "--")) {
        fputs("usage: order EXECUTABLE LIST [EXECUTABLE LIST ...] -- COMMAND...\n", stderr);
        return 2;
    }
    pid_t first = fork();
    if (first < 0) fail("fork");
    if (!first) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execvp(argv[at + 1], argv + at + 1);
        _exit(127);
    }
    int status, result = 125;
    if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status)) return 127;
    long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, first, 0, options)) fail("ptrace");
    set_breakpoints(first);
    ptrace(PTRACE_CONT, first, 0, 0);
    pid_t pid;
    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (pid == first) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int signal = WSTOPSIG(status), event = status >> 16;
        if (event == PTRACE_EVENT_EXEC) set_breakpoints(pid);
        // A new process or thread begins with a stop of its own.
        if (event || signal == SIGSTOP || (signal == SIGTRAP && enter(pid))) signal = 0;
        ptrace(PTRACE_CONT, pid, 0, signal);
    }
    for (int i = 0; i < image_count; i++) fclose(images[i].list);
    return result;
}
