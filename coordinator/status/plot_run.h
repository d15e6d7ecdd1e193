/* plot_run - gnuplot as a child process, for a bounded time. */
#ifndef LAYERNAS_COORDINATOR_STATUS_PLOT_RUN_H
#define LAYERNAS_COORDINATOR_STATUS_PLOT_RUN_H

/* Runs the script in directory with suffix = '.new' set, output thrown away. 0 when it went well;
 * -ENOENT without gnuplot, -ETIMEDOUT (it is killed), -EIO when it failed, or an errno. */
int plot_run_gnuplot(const char *directory, const char *script, int patience_ms);

#endif
