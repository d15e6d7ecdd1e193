/* terminal - a screen that is drawn over in place, and given back as it was.
 *
 * Uses the alternate screen, so what stood there before comes back at the end. One at a time. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_TERMINAL_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Takes standard output over, and standard input where that is a terminal too: keys come without
 * Enter and are not shown. Gives them back at exit at the latest. */
void terminal_enter(void);
void terminal_leave(void);

/* Of standard output; 80 x 24 where it does not say. */
void terminal_size(size_t *columns_out, size_t *rows_out);

/* Shows these lines, from the top. In one write, each line over the one before it: no flicker. */
void terminal_draw(const char *text);

/* After terminal_enter: the descriptor that keys come from, -1 for none; and whether q is among those
 * that were pressed. */
int terminal_keys(void);
bool terminal_quit_pressed(void);

#endif
