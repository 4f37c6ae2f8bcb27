/* Runs a command and says what it took, as the kernel counts it: a line of JSON on file descriptor 3 with the CPU
 * seconds of the process and of all its children that it waited for, its wall seconds, and the largest resident size of
 * any of them. Whoever uses more CPU seconds than the limit is ended by SIGXCPU; a limit of 0 is none.
 * usage: stopwatch LIMIT COMMAND [ARGUMENT ...] */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

int main(int count, char **words) {
  struct timespec begun, ended;
  struct rusage used;
  int status;
  if (count < 3) return 2;
  const rlim_t limit = strtoul(words[1], NULL, 10);
  fcntl(3, F_SETFD, FD_CLOEXEC);
  clock_gettime(CLOCK_MONOTONIC, &begun);
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    if (limit > 0) setrlimit(RLIMIT_CPU, &(struct rlimit){limit, limit + 1});
    execvp(words[2], words + 2);
    _exit(127);
  }
  if (wait4(child, &status, 0, &used) != child) return 2;
  clock_gettime(CLOCK_MONOTONIC, &ended);
  dprintf(3, "{\"cpu\":%.6f,\"wall\":%.6f,\"peak\":%ld}\n", seconds(used.ru_utime) + seconds(used.ru_stime),
          ended.tv_sec - begun.tv_sec + (ended.tv_nsec - begun.tv_nsec) / 1e9, used.ru_maxrss * 1024L);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
