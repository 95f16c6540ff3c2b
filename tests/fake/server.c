#include "fake/server.h"

#include <errno.h>
#include <linux/sockios.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "fake/check.h"

enum { HEARD_BYTES = 64 << 20, HELD = 64, PATIENCE_MS = 20000 };

struct held {
    int fd;
    const struct fake_reply *reply;
};

struct fake_server {
    char *path;
    int listener;
    int stop[2]; /* a pipe that is closed to stop */
    pthread_t thread;
    const struct fake_reply *replies;
    size_t count;
    size_t served;
    struct buf heard;
    struct buf heard_aside;
    struct held held[HELD];
    size_t held_count;
};

/* A client that has read everything leaves nothing in the queue; one that has closed, too. One that
 * asks something else meanwhile will read no more. */
static void until_read(const struct fake_server *f, int fd)
{
    int left = 1;
    struct pollfd others[2] = { { .fd = f->listener, .events = POLLIN }, { .fd = f->stop[0], .events = POLLIN } };
    while (poll(others, 2, 0) == 0 && ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0)
        usleep(20);
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void say(const struct fake_server *f, int fd, const struct fake_reply *r)
{
    size_t len = r->len ? r->len : strlen(r->bytes);
    size_t piece = r->piece ? r->piece : len;
    for (size_t at = 0; at < len; at += piece) {
        if (!write_all(fd, r->bytes + at, len - at < piece ? len - at : piece))
            return;
        if (r->paced)
            until_read(f, fd);
    }
}

/* What has come on a connection aside; its end is answered. */
static void attend(struct fake_server *f, size_t index)
{
    char piece[65536];
    const struct held h = f->held[index];
    ssize_t got = recv(h.fd, piece, sizeof piece, 0);
    if (got > 0) {
        buf_add(&f->heard_aside, piece, (size_t)got);
        return;
    }
    if (h.reply->after)
        write_all(h.fd, h.reply->after, h.reply->after_len);
    close(h.fd);
    f->held[index] = f->held[--f->held_count];
}

/* True: fd can be read; false: the server is to stop. */
static bool readable(struct fake_server *f, int fd)
{
    for (;;) {
        struct pollfd set[2 + HELD] = { { .fd = fd, .events = POLLIN }, { .fd = f->stop[0], .events = POLLIN } };
        for (size_t i = 0; i < f->held_count; i++)
            set[2 + i] = (struct pollfd){ .fd = f->held[i].reply->aside ? f->held[i].fd : -1, .events = POLLIN };
        if (poll(set, 2 + f->held_count, PATIENCE_MS) <= 0 || set[1].revents)
            return false;
        for (size_t i = f->held_count; i > 0; i--)
            if (set[1 + i].revents)
                attend(f, i - 1);
        if (set[0].revents)
            return true;
    }
}

static bool hear(struct fake_server *f, int fd)
{
    char piece[65536];
    if (!readable(f, fd))
        return false;
    ssize_t got = recv(fd, piece, sizeof piece, 0);
    if (got > 0)
        buf_add(&f->heard, piece, (size_t)got);
    return got > 0;
}

/* Whether the request that begins at `from` is all there. */
static bool is_whole(const struct fake_server *f, size_t from)
{
    const char *text = buf_text(&f->heard) + from;
    const char *end = strstr(text, "\r\n\r\n");
    if (!end)
        return false;
    size_t body = f->heard.len - from - (size_t)(end + 4 - text);
    const char *length = strcasestr(text, "\r\nContent-Length: ");
    const char *chunked = strcasestr(text, "\r\nTransfer-Encoding: chunked");
    if (chunked && chunked < end)
        return f->heard.len >= 5 && memcmp(f->heard.bytes + f->heard.len - 5, "0\r\n\r\n", 5) == 0;
    if (length && length < end)
        return body >= (size_t)atol(length + strlen("\r\nContent-Length: "));
    return true;
}

struct answering {
    const struct fake_server *server;
    int fd;
    const struct fake_reply *reply;
    const char *request;
    int done[2];
};

static void *answer(void *ctx)
{
    struct answering *a = ctx;
    if (a->reply->act)
        a->reply->act(a->reply->act_ctx, a->request);
    say(a->server, a->fd, a->reply);
    close(a->done[1]);
    return NULL;
}

/* On a thread of its own, since what it does or says may make others talk aside. */
static void answer_and_listen(struct fake_server *f, int fd, const struct fake_reply *r, const char *request)
{
    struct answering a = { f, fd, r, request, { -1, -1 } };
    pthread_t thread;
    assert_int_equal(pipe2(a.done, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer, &a), 0);
    readable(f, a.done[0]);
    pthread_join(thread, NULL);
    close(a.done[0]);
}

static void serve(struct fake_server *f, int fd)
{
    if (f->served >= f->count) {
        close(fd);
        return;
    }
    const struct fake_reply *r = &f->replies[f->served];
    size_t from = f->heard.len;
    while (!r->without_reading && !is_whole(f, from))
        if (!hear(f, fd))
            break;
    if (f->heard.len > from || r->without_reading)
        f->served++;
    answer_and_listen(f, fd, r, buf_text(&f->heard) + from);
    while (r->drain && hear(f, fd))
        continue;
    if ((r->hold || r->aside) && f->held_count < HELD)
        f->held[f->held_count++] = (struct held){ fd, r };
    else
        close(fd);
}

static void *run(void *ctx)
{
    struct fake_server *f = ctx;
    while (readable(f, f->listener)) {
        int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve(f, fd);
    }
    return NULL;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

static char *socket_path(void)
{
    char *dir = scratch_new();
    char *path = xasprintf("%s/s", dir);
    free(dir);
    return path;
}

struct fake_server *fake_start(const struct fake_reply *replies, size_t count)
{
    struct fake_server *f = xcalloc(1, sizeof *f);
    f->path = socket_path();
    f->listener = listen_at(f->path);
    f->replies = replies;
    f->count = count;
    f->heard = BUF_INIT(HEARD_BYTES);
    f->heard_aside = BUF_INIT(HEARD_BYTES / 2);
    assert_int_equal(pipe(f->stop), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
    return f;
}

const char *fake_socket(const struct fake_server *f)
{
    return f->path;
}

char *fake_stop(struct fake_server *f, size_t *requests)
{
    return fake_stop_bytes(f, requests, NULL);
}

char *fake_stop_bytes(struct fake_server *f, size_t *requests, size_t *len)
{
    close(f->stop[1]);
    pthread_join(f->thread, NULL);
    for (size_t i = 0; i < f->held_count; i++)
        close(f->held[i].fd);
    close(f->stop[0]);
    close(f->listener);
    unlink(f->path);
    buf_add(&f->heard, f->heard_aside.bytes, f->heard_aside.len);
    buf_release(&f->heard_aside);
    char *heard = buf_steal(&f->heard, len);
    if (requests)
        *requests = f->served;
    free(f->path);
    free(f);
    return heard;
}

char *fake_stale_socket(void)
{
    char *path = socket_path();
    close(listen_at(path));
    return path;
}
