#include "flow/session.h"

#include <poll.h>

#include "base/clock.h"
#include "base/terminal.h"

enum {
    READ_BYTES = 32 * 1024,
    BACKLOG_BYTES = 512 * 1024 /* beyond which no input is read */
};

struct running {
    const struct session *session;
    struct kube_exec *exec;
    bool input_open;
    int size_fd; /* -1: nobody wants to know */
};

static void running_release(struct running *r)
{
    kube_exec_free(r->exec);
    fd_closep(&r->size_fd);
}

static struct err *on_output(void *ctx, bool is_error_stream, const void *bytes, size_t len)
{
    const struct session *s = ctx;
    return stream_write_all(is_error_stream ? s->err_fd : s->out_fd, bytes, len, s->cancel);
}

static struct err *tell_size(struct running *r)
{
    unsigned columns, rows;
    if (!terminal_size(r->session->in_fd, &columns, &rows))
        return NULL;
    return kube_exec_resize(r->exec, columns, rows);
}

static struct err *end_input(struct running *r)
{
    bool told;
    r->input_open = false;
    TRY(kube_exec_end_input(r->exec, &told));
    if (!told)
        r->session->tell(r->session->ctx,
                         "this API server (before 1.30) can't tell the command that its input has ended; "
                         "one that waits for that waits until Ctrl-C");
    return NULL;
}

static struct err *pass_input(struct running *r)
{
    char piece[READ_BYTES];
    size_t len;
    bool end;
    TRY(stream_read(r->session->in_fd, piece, sizeof piece, &len, &end));
    if (end)
        return end_input(r);
    return len ? kube_exec_send(r->exec, piece, len) : NULL;
}

/* Waits for whatever comes first, and handles our own side of it; the server's is kube_exec_step's. */
static struct err *wait_and_pass(struct running *r, int64_t next_ms)
{
    bool wants_input = r->input_open && kube_exec_backlog(r->exec) < BACKLOG_BYTES;
    struct net_poll polls[] = {
        kube_exec_poll(r->exec),
        { .fd = wants_input ? r->session->in_fd : -1, .want = POLLIN },
        { .fd = r->size_fd, .want = POLLIN },
    };
    struct net_wait wait = { kube_exec_is_ready(r->exec) ? clock_ms() : next_ms, r->session->cancel };
    struct err *e = net_poll(polls, COUNT_OF(polls), wait);
    if (e && err_get_code(e) == RW9007_DEADLINE) {
        err_ignore(e, "it is time to step again");
        return NULL;
    }
    TRY(e);
    if (polls[1].fd >= 0 && polls[1].got)
        TRY(pass_input(r));
    if (polls[2].fd >= 0 && polls[2].got) {
        terminal_take_change(r->size_fd);
        TRY(tell_size(r));
    }
    return NULL;
}

static struct err *run_to_end(struct running *r)
{
    for (;;) {
        int64_t next_ms;
        TRY(kube_exec_step(r->exec, &next_ms));
        if (kube_exec_end(r->exec)->outcome != KUBE_EXEC_RUNS)
            return NULL;
        TRY(wait_and_pass(r, next_ms));
    }
}

struct err *session_run(const struct session *s, struct kube_exec_end *end)
{
    AUTO(running) r = { .session = s, .input_open = s->query.input, .size_fd = -1 };
    AUTO_PTR(terminal) raw = NULL;
    TRY(kube_exec_open(s->kube, &s->query, (struct kube_exec_taker){ on_output, (void *)(uintptr_t)s }, &r.exec));
    if (s->query.tty) {
        TRY(terminal_watch_size(&r.size_fd));
        TRY(terminal_raw(s->in_fd, &raw));
        TRY(tell_size(&r));
    }
    TRY(run_to_end(&r));
    *end = *kube_exec_end(r.exec);
    end->words = xstrdup(end->words);
    return NULL;
}
