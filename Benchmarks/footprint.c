// Counts what a command and everything that it starts take: system calls, processes, and the sum of their peak memory.
//
//     footprint [-v] COMMAND...
//
// Prints: system calls, processes, kilobytes. With -v also a line for each process, and the names of all system calls by
// number. A process's peak is the larger of VmHWM before its execve and at its end; one that shares its parent's memory
// until execve (vfork) has none of its own before. The command is followed with ptrace(2), also after it has ended, until
// the last of its descendants has.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
    pid_t pid, leader;
    int shares_memory;
    long calls, peak;
    char name[32];
};

static struct process all[4096];
static int count, verbose;
static long by_number[1024];

static struct process *find(pid_t pid) {
    for (int i = count - 1; i >= 0; i--)
        if (all[i].pid == pid) return &all[i];
    if (count == (int)(sizeof all / sizeof *all)) {
        fputs("footprint: too many processes\n", stderr);
        exit(125);
    }
    all[count] = (struct process){.pid = pid, .leader = pid};
    return &all[count++];
}

// Reads the peak so far; a thread counts with its leader.
static void note_peak(struct process *process) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", process->pid);
    FILE *file = fopen(path, "r");
    if (!file) return;
    long peak = 0;
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "Name: %31s", process->name);
        sscanf(line, "Tgid: %d", &process->leader);
        sscanf(line, "VmHWM: %ld", &peak);
    }
    fclose(file);
    struct process *owner = find(process->leader);
    if (!process->shares_memory && peak > owner->peak) owner->peak = peak;
}

static void at_system_call(struct process *process) {
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof info, &info) <= 0) return;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    process->calls++;
    if (info.entry.nr < 1024) by_number[info.entry.nr]++;
    if (info.entry.nr == SYS_execve || info.entry.nr == SYS_execveat) note_peak(process);
}

static int at_stop(struct process *process, int status) {
    unsigned long child;
    int signal = WSTOPSIG(status), event = status >> 16;
    switch (event) {
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_CLONE:
        if (ptrace(PTRACE_GETEVENTMSG, process->pid, 0, &child) == 0 && event == PTRACE_EVENT_VFORK)
            find((pid_t)child)->shares_memory = 1;
        return 0;
    case PTRACE_EVENT_EXEC: process->shares_memory = 0; return 0;
    case PTRACE_EVENT_EXIT: note_peak(process); return 0;
    case PTRACE_EVENT_STOP: return 0;
    }
    if (signal == (SIGTRAP | 0x80)) {
        at_system_call(process);
        return 0;
    }
    return signal;
}

int main(int argument_count, char **arguments) {
    int first = 1;
    if (first < argument_count && strcmp(arguments[first], "-v") == 0) verbose = first++;
    if (first >= argument_count) {
        fputs("usage: footprint [-v] COMMAND...\n", stderr);
        return 2;
    }
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) == -1) return 125;
    pid_t command = fork();
    if (command == 0) {
        char byte;
        close(gate[1]);
        if (read(gate[0], &byte, 1) == -1) _exit(125);
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, 1);
        execv(arguments[first], arguments + first);
        _exit(127);
    }
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                   PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, command, 0, options) == -1) {
        perror("footprint: ptrace");
        return 125;
    }
    // The fork of this program, and its calls up to execve, are not the command's.
    find(command)->shares_memory = 1;
    ptrace(PTRACE_INTERRUPT, command, 0, 0);
    close(gate[1]);

    int status, result = 125;
    pid_t pid;
    while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (pid <= 0) continue;
        if (!WIFSTOPPED(status)) {
            if (pid == command) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        struct process *process = find(pid);
        if (pid == command && status >> 16 == PTRACE_EVENT_EXEC) {
            process->calls = 1;
            memset(by_number, 0, sizeof by_number);
            by_number[SYS_execve] = 1;
        }
        ptrace(PTRACE_SYSCALL, pid, 0, at_stop(process, status));
    }

    long calls = 0, kilobytes = 0;
    int processes = 0;
    for (int i = 0; i < count; i++) {
        calls += all[i].calls;
        kilobytes += all[i].peak;
        processes += all[i].pid == all[i].leader;
        if (verbose) printf("# %d %s: %ld calls, %ld kB\n", all[i].pid, all[i].name, all[i].calls, all[i].peak);
    }
    for (int i = 0; verbose && i < 1024; i++)
        if (by_number[i]) printf("# system call %d: %ld\n", i, by_number[i]);
    printf("%ld %d %ld\n", calls, processes, kilobytes);
    return result;
}
