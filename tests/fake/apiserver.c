#include "fake/apiserver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake/check.h"

#define CONNECTIONS 16

static void write_all(int fd, const char *text)
{
    for (size_t len = strlen(text); len > 0;) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

/* A request has come whole when its head has, and as many bytes behind it as that says. */
static bool read_request(int fd, char *text, size_t room)
{
    size_t len = 0;
    for (;;) {
        ssize_t n = recv(fd, text + len, room - len - 1, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "Content-Length: ");
        size_t body = end && length && length < end ? strtoul(length + 16, NULL, 10) : 0;
        if (end && len >= (size_t)(end + 4 - text) + body)
            return true;
    }
}

/* False: the connection is over. */
static bool serve(struct apiserver *s, int fd)
{
    char text[65536];
    if (!read_request(fd, text, sizeof text))
        return false;
    const struct apiserver_answer *a = s->served < s->count ? &s->script[s->served] : NULL;
    if (!a && strstr(text, "?watch=1&"))
        return false; /* a mirror goes on watching until it is freed */
    if (!a || !str_starts(text, a->want)) {
        if (!s->wrong)
            s->wrong = xstrndup(text, strcspn(text, "\r"));
        return false;
    }
    s->served++;
    if (!a->body)
        return false;
    AUTO_STR head = xasprintf("HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n", a->status, strlen(a->body) + a->cut,
                              a->header ? a->header : "");
    write_all(fd, head);
    write_all(fd, a->body);
    return !a->cut;
}

static void *run(void *ctx)
{
    struct apiserver *s = ctx;
    struct pollfd fds[CONNECTIONS] = { { s->stop[0], POLLIN, 0 }, { s->listener, POLLIN, 0 } };
    nfds_t count = 2;
    while (poll(fds, count, -1) > 0 && !fds[0].revents) {
        for (nfds_t i = 2; i < count; i++) {
            if (fds[i].revents && !serve(s, fds[i].fd)) {
                close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
        if (fds[1].revents && count < CONNECTIONS)
            fds[count++] = (struct pollfd){ accept(s->listener, NULL, NULL), POLLIN, 0 };
    }
    for (nfds_t i = 2; i < count; i++)
        close(fds[i].fd);
    return NULL;
}

void apiserver_start(struct apiserver *s, const struct apiserver_answer *script, size_t count)
{
    *s = (struct apiserver){ .script = script, .count = count };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(s->listener, CONNECTIONS), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &len), 0);
    s->port = ntohs(address.sin_port);
    assert_int_equal(pipe(s->stop), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

void apiserver_stop(struct apiserver *s)
{
    assert_int_equal(write(s->stop[1], "x", 1), 1);
    pthread_join(s->thread, NULL);
    close(s->stop[0]);
    close(s->stop[1]);
    close(s->listener);
    if (s->wrong)
        fail_msg("answer %zu: not wanted: %s", s->served, s->wrong);
    assert_int_equal(s->served, s->count);
}
