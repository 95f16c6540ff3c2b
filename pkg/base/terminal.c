#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/net.h"

struct terminal {
    int fd;
    struct termios before;
    int line;    /* whose other end the guard reads: our end closes it */
    pid_t guard; /* 0: none yet */
};

/* The guard: in a session of its own, so that no signal of the terminal reaches it and it may set what is no longer
 * its terminal. A byte says that there is nothing left to do; the end of the line, that we are no more. */
static void guard(const struct terminal *t, int line)
{
    char byte;
    ssize_t got;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    do
        got = read(line, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        tcsetattr(t->fd, TCSANOW, &t->before);
    _exit(0);
}

static struct err *start_guard(struct terminal *t)
{
    int ends[2] = { -1, -1 };
    int fault = fault_point("terminal.guard", NULL);
    if (fault || pipe2(ends, O_CLOEXEC) != 0)
        return err_sys(RW9005_RESOURCES, fault ? fault : errno, "cannot make a pipe");
    t->guard = fork();
    if (t->guard == 0) {
        close(ends[1]);
        guard(t, ends[0]);
    }
    int number = errno;
    close(ends[0]);
    t->line = ends[1];
    if (t->guard > 0)
        return NULL;
    t->guard = 0;
    return err_sys(RW9005_RESOURCES, number, "cannot start a process that guards the terminal");
}

static struct err *make_raw(struct terminal *t)
{
    struct termios raw = t->before;
    cfmakeraw(&raw);
    int fault = fault_point("terminal.attributes", NULL);
    if (fault || tcsetattr(t->fd, TCSADRAIN, &raw) != 0)
        return err_sys(RW9001_FILE, fault ? fault : errno, "cannot set the terminal");
    return NULL;
}

struct err *terminal_raw(int fd, struct terminal **out)
{
    AUTO_PTR(terminal) t = xcalloc(1, sizeof *t);
    t->fd = fd;
    t->line = -1;
    if (tcgetattr(fd, &t->before) != 0)
        return err_sys(RW9001_FILE, errno, "cannot read what the terminal is set to");
    TRY(start_guard(t));
    TRY(make_raw(t));
    *out = STEAL(&t);
    return NULL;
}

void terminal_free(struct terminal *t)
{
    if (!t)
        return;
    if (t->guard) {
        tcsetattr(t->fd, TCSADRAIN, &t->before);
        while (write(t->line, "", 1) < 0 && errno == EINTR)
            continue;
        while (waitpid(t->guard, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    fd_closep(&t->line);
    free(t);
}

bool terminal_size(int fd, unsigned *columns, unsigned *rows)
{
    struct winsize size;
    int fault = fault_point("terminal.size", NULL);
    if (fault || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return false;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return true;
}

struct err *terminal_watch_size(int *fd)
{
    sigset_t changes;
    sigemptyset(&changes);
    sigaddset(&changes, SIGWINCH);
    int fault = fault_point("terminal.watch", NULL);
    int made = fault ? -1 : signalfd(-1, &changes, SFD_CLOEXEC | SFD_NONBLOCK);
    if (made < 0)
        return err_sys(RW9005_RESOURCES, fault ? fault : errno, "cannot watch the terminal's size");
    pthread_sigmask(SIG_BLOCK, &changes, NULL);
    *fd = made;
    return NULL;
}

void terminal_take_change(int fd)
{
    struct signalfd_siginfo change;
    while (read(fd, &change, sizeof change) > 0)
        continue;
}

void stream_keep_standard(void)
{
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDONLY); /* the lowest that is free; what is written there fails as it would have */
    fd_closep(&fd);
}

struct err *stream_read(int fd, void *to, size_t room, size_t *len, bool *end)
{
    int fault = fault_point("terminal.read", &room);
    ssize_t got = fault ? -1 : read(fd, to, room);
    int number = fault ? fault : errno;
    *len = got > 0 ? (size_t)got : 0;
    *end = got == 0;
    if (got < 0 && number != EAGAIN && number != EINTR)
        return err_sys(RW9001_FILE, number, "cannot read the input");
    return NULL;
}

static struct err *wait_writable(int fd, const struct cancel *cancel)
{
    struct net_poll one = { .fd = fd, .want = POLLOUT };
    return net_poll(&one, 1, (struct net_wait){ CLOCK_NEVER, cancel });
}

struct err *stream_write_all(int fd, const void *bytes, size_t len, const struct cancel *cancel)
{
    const char *at = bytes;
    while (len > 0) {
        size_t want = len;
        TRY(wait_writable(fd, cancel));
        int fault = fault_point("terminal.write", &want);
        ssize_t put = fault ? -1 : write(fd, at, want);
        int number = fault ? fault : errno;
        if (put < 0 && number != EAGAIN && number != EINTR)
            return err_sys(RW9006_OUTPUT, number, "cannot write the output");
        if (put > 0) {
            at += put;
            len -= (size_t)put;
        }
    }
    return NULL;
}
