#include "coordinator/status/show/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { USUAL_COLUMNS = 80, USUAL_ROWS = 24 };

static struct {
    bool entered, has_keys, leaves_at_exit;
    struct termios before;
} terminal;

/* The whole of it, however often a write is cut short. */
static void put(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, text, size);

        if (n <= 0)
            return; /* nobody looks any more */
        text += n;
        size -= (size_t)n;
    }
}

static void take_keys(void)
{
    struct termios raw;

    terminal.has_keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal.before) == 0;
    if (!terminal.has_keys)
        return;
    raw = terminal.before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void terminal_enter(void)
{
    static const char begin[] = "\033[?1049h\033[?25l\033[H\033[2J"; /* other screen, no cursor */

    if (terminal.entered)
        return;
    if (!terminal.leaves_at_exit)
        atexit(terminal_leave);
    terminal.leaves_at_exit = true;
    terminal.entered = true;
    take_keys();
    fflush(stdout);
    put(begin, sizeof begin - 1);
}

void terminal_leave(void)
{
    static const char end[] = "\033[?25h\033[?1049l";

    if (!terminal.entered)
        return;
    terminal.entered = false;
    put(end, sizeof end - 1);
    if (terminal.has_keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

void terminal_size(size_t *columns_out, size_t *rows_out)
{
    struct winsize window;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0;

    *columns_out = known && window.ws_col > 0 ? window.ws_col : USUAL_COLUMNS;
    *rows_out = known && window.ws_row > 0 ? window.ws_row : USUAL_ROWS;
}

void terminal_draw(const char *text)
{
    char *drawn = NULL;
    size_t size;
    FILE *memory = open_memstream(&drawn, &size);

    if (!memory)
        return;
    fputs("\033[H", memory);
    while (*text) {
        size_t length = strcspn(text, "\n");

        fprintf(memory, "%.*s\033[K", (int)length, text);
        text += length + (text[length] == '\n');
        if (*text)
            fputs("\r\n", memory); /* not after the last line: it may be the screen's last */
    }
    fputs("\033[J", memory);
    if (fclose(memory) == 0)
        put(drawn, size);
    free(drawn);
}

int terminal_keys(void)
{
    return terminal.has_keys ? STDIN_FILENO : -1;
}

bool terminal_quit_pressed(void)
{
    char keys[64];
    ssize_t n = read(STDIN_FILENO, keys, sizeof keys);

    if (n <= 0) /* end of input, which would be readable for ever */
        terminal.has_keys = false;
    return n > 0 && (memchr(keys, 'q', (size_t)n) || memchr(keys, 'Q', (size_t)n));
}
