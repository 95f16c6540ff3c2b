#include "base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"

struct cancel {
    int fd;
    atomic_bool requested;
    atomic_int signal;
};

struct err *cancel_new(struct cancel **out)
{
    int fault = fault_point("cancel.new", NULL);
    int fd = fault ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return err_sys(RW9005_RESOURCES, fault ? fault : errno, "cannot make an event descriptor");
    struct cancel *c = xcalloc(1, sizeof *c);
    c->fd = fd;
    *out = c;
    return NULL;
}

void cancel_free(struct cancel *c)
{
    if (!c)
        return;
    close(c->fd);
    free(c);
}

void cancel_request(struct cancel *c, int cause_signal)
{
    int saved_errno = errno;
    uint64_t one = 1;
    atomic_store(&c->signal, cause_signal);
    atomic_store(&c->requested, true);
    ssize_t written = write(c->fd, &one, sizeof one); /* can only fail when it is readable already */
    (void)written;
    errno = saved_errno;
}

bool cancel_requested(const struct cancel *c)
{
    return c && atomic_load(&c->requested);
}

int cancel_signal(const struct cancel *c)
{
    return c ? atomic_load(&c->signal) : 0;
}

int cancel_fd(const struct cancel *c)
{
    return c ? c->fd : -1;
}

struct err *cancel_check(const struct cancel *c)
{
    return cancel_requested(c) ? err_new(RW9009_INTERRUPTED, "interrupted") : NULL;
}

struct err *cancel_sleep(const struct cancel *c, int64_t deadline_ms)
{
    struct pollfd wait = { .fd = cancel_fd(c), .events = POLLIN };
    while (!cancel_requested(c) && clock_ms() < deadline_ms)
        poll(&wait, 1, clock_poll_timeout(deadline_ms)); /* EINTR and early ends go round */
    return cancel_check(c);
}
