#include "common/standard_streams.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

void standard_streams_open(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void standard_streams_ignore_broken_pipes(void)
{
    signal(SIGPIPE, SIG_IGN);
}
