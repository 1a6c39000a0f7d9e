// In C, because Swift has neither prctl, which is variadic, nor fork, after which only async-signal-safe calls may run.
#define _GNU_SOURCE
#include "instance_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int prewarm_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL); }

/// Becomes the program, or returns with errno. Every signal is blocked on entry, so none meets the guard's handlers.
static void become(char *const argv[], int output, pid_t guard) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL) != 0) return;
    // A guard that ended before the line above will never be noticed by it.
    if (getppid() != guard) _exit(127);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) return;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
}

/// Reads what went wrong before the program ran; 0 when it runs, since its exec has closed the other end.
static int read_failure(int from) {
    int failure = 0;
    ssize_t count;
    do count = read(from, &failure, sizeof failure);
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof failure ? failure : 0;
}

pid_t prewarm_start_bound(char *const argv[], int output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t guard = getpid(), worker = fork();
    int failure = worker < 0 ? errno : 0;
    if (worker == 0) {
        become(argv, output, guard);
        failure = errno;
        if (write(ends[1], &failure, sizeof failure) < 0) _exit(126);
        _exit(127);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (worker > 0) failure = read_failure(ends[0]);
    close(ends[0]);
    if (worker > 0 && failure != 0) {
        while (waitpid(worker, NULL, 0) < 0 && errno == EINTR) {}
    }
    errno = failure;
    return failure == 0 ? worker : -1;
}
