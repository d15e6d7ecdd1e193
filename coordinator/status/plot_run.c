#include "coordinator/status/plot_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* The coordinator ignores SIGPIPE; the programs it starts do not. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t signals;
    int rc = posix_spawnattr_init(attributes);

    if (rc != 0)
        return rc;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(attributes, &signals);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const char *directory, const char *script, pid_t *pid_out)
{
    char *argv[] = { "gnuplot", "-e", "suffix = '.new'", (char *)script, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return -rc;
    rc = set_signals(&attributes);
    if (rc != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -rc;
    }
    rc = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (rc == 0)
        rc = posix_spawnp(pid_out, "gnuplot", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -rc;
}

/* Whether the child ended in time; where the kernel cannot tell, it is taken to be too slow. */
static int wait_for_end(pid_t pid, int patience_ms)
{
    struct pollfd ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };
    int n;

    if (ended.fd < 0)
        return -errno;
    do
        n = poll(&ended, 1, patience_ms);
    while (n < 0 && errno == EINTR);
    close(ended.fd);
    return n > 0 ? 0 : -ETIMEDOUT;
}

int plot_run_gnuplot(const char *directory, const char *script, int patience_ms)
{
    pid_t pid, reaped;
    int status = 0, rc = spawn(directory, script, &pid);

    if (rc < 0)
        return rc;
    rc = wait_for_end(pid, patience_ms);
    if (rc < 0)
        kill(pid, SIGKILL);
    do
        reaped = waitpid(pid, &status, 0);
    while (reaped < 0 && errno == EINTR);
    if (rc < 0)
        return rc;
    return reaped == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}
