// Times commands in turn, each once a round, so that a slow moment of the machine hits all alike. The order within a round is
// drawn anew each time, from a fixed seed: the kernel goes on taking down what one leaves (its network namespace, its cgroup)
// while the next one runs, and in a fixed order the same one would always pay for its neighbour.
//
//     alternate ROUNDS WARM-UPS NAME COMMAND... -- NAME COMMAND... [-- ...]
//
// Prints a line for each: name, median, minimum and 90th percentile in milliseconds, from posix_spawn until the command's
// end. What a command leaves running becomes this program's child (PR_SET_CHILD_SUBREAPER) and is waited for, outside the
// measured time, before the next one starts; the fifth column is the median until all of it has ended.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct contestant {
    const char *name;
    char **command;
    double *ended, *gone;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void run(const struct contestant *contestant, const posix_spawn_file_actions_t *actions, double *ended, double *gone) {
    pid_t pid;
    int status;
    double start = now();
    int error = posix_spawn(&pid, contestant->command[0], actions, NULL, contestant->command, environ);
    if (error != 0) {
        fprintf(stderr, "alternate: %s: %s\n", contestant->command[0], strerror(error));
        exit(125);
    }
    while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {}
    *ended = now() - start;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "alternate: %s ended with status 0x%x\n", contestant->name, (unsigned)status);
        exit(1);
    }
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
    *gone = now() - start;
}

static int compare(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return difference < 0 ? -1 : difference > 0;
}

// A permutation of 0..count-1 (Fisher and Yates; the numbers are those of a linear congruential generator).
static void shuffle(int *order, int count) {
    static uint64_t state = 1;
    for (int i = count - 1; i > 0; i--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int other = (int)((state >> 33) % (uint64_t)(i + 1)), held = order[i];
        order[i] = order[other];
        order[other] = held;
    }
}

static double quantile(double *values, int count, double q) { return values[(int)((count - 1) * q + 0.5)]; }

int main(int count, char **arguments) {
    if (count < 5) {
        fputs("usage: alternate ROUNDS WARM-UPS NAME COMMAND... [-- NAME COMMAND...]...\n", stderr);
        return 2;
    }
    int rounds = atoi(arguments[1]), warm_ups = atoi(arguments[2]), contestants = 0;
    if (rounds < 1 || warm_ups < 0) return 2;
    struct contestant all[32];
    for (int i = 3; i + 1 < count && contestants < 32; i++) {
        all[contestants].name = arguments[i];
        all[contestants].command = arguments + i + 1;
        all[contestants].ended = calloc((size_t)rounds, sizeof(double));
        all[contestants++].gone = calloc((size_t)rounds, sizeof(double));
        while (i < count && strcmp(arguments[i], "--") != 0) i++;
        arguments[i] = NULL;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    int order[32];
    for (int i = 0; i < contestants; i++) order[i] = i;
    for (int round = -warm_ups; round < rounds; round++) {
        shuffle(order, contestants);
        for (int turn = 0; turn < contestants; turn++) {
            int i = order[turn];
            double ended, gone;
            run(&all[i], &actions, &ended, &gone);
            if (round < 0) continue;
            all[i].ended[round] = ended;
            all[i].gone[round] = gone;
        }
    }
    for (int i = 0; i < contestants; i++) {
        qsort(all[i].ended, (size_t)rounds, sizeof(double), compare);
        qsort(all[i].gone, (size_t)rounds, sizeof(double), compare);
        printf("%s %.3f %.3f %.3f %.3f\n", all[i].name, quantile(all[i].ended, rounds, 0.5), all[i].ended[0],
            quantile(all[i].ended, rounds, 0.9), quantile(all[i].gone, rounds, 0.5));
    }
    return 0;
}
