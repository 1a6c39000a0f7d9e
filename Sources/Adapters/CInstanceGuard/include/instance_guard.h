#pragma once
#include <sys/types.h>

/// Makes this process the parent of every descendant whose own parent ends. Returns 0, or -1 with errno.
int prewarm_adopt_orphans(void);

/// Starts argv[0], found by PATH, in a process group of its own, without input and with both outputs going to `output`.
///
/// The kernel kills it as soon as the calling thread has ended, by whatever means. Returns its pid, or -1 with errno.
pid_t prewarm_start_bound(char *const argv[], int output);
