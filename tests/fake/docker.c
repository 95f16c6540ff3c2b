#include "fake/docker.h"

#include <stdlib.h>
#include <string.h>

#include "fake/check.h"

#define CLOSED "Connection: close\r\n"
static const char ping[] = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n" CLOSED "\r\nOK";
static const char upgraded[] = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

struct fake_reply *docker_bytes(struct docker *d, const char *head, const char *bytes, size_t len)
{
    size_t head_len = strlen(head);
    if (d->count == 0 && head != ping)
        docker_bytes(d, ping, NULL, 0);
    assert_true(d->count < DOCKER_ANSWERS);
    char *all = xcalloc(head_len + len + 1, 1);
    memcpy(all, head, head_len);
    if (len > 0)
        memcpy(all + head_len, bytes, len);
    d->owned[d->count] = all;
    d->replies[d->count] = (struct fake_reply){ .bytes = all, .len = head_len + len };
    return &d->replies[d->count++];
}

struct fake_reply *docker_json(struct docker *d, int status, const char *body)
{
    AUTO_STR head = xasprintf("HTTP/1.1 %d X\r\nContent-Length: %zu\r\n" CLOSED "\r\n", status, strlen(body));
    return docker_bytes(d, head, body, strlen(body));
}

struct fake_reply *docker_upgraded(struct docker *d, const struct buf *stream)
{
    return docker_bytes(d, upgraded, stream->bytes, stream->len);
}

size_t docker_upgraded_head(void)
{
    return strlen(upgraded);
}

void docker_frame(struct buf *stream, int kind, const char *bytes, size_t len)
{
    const char head[8] = { (char)kind, 0, 0, 0, (char)(len >> 24), (char)(len >> 16), (char)(len >> 8), (char)len };
    buf_add(stream, head, sizeof head);
    buf_add(stream, bytes, len);
}

void docker_frame_text(struct buf *stream, int kind, const char *text)
{
    docker_frame(stream, kind, text, strlen(text));
}

void docker_created(struct docker *d)
{
    docker_json(d, 201, "{\"Id\":\"x1\"}");
}

void docker_ended(struct docker *d, int exit_code)
{
    AUTO_STR body = xasprintf("{\"Running\":false,\"ExitCode\":%d}", exit_code);
    docker_json(d, 200, body);
}

struct fake_reply *docker_says(struct docker *d, const char *out, const char *err)
{
    AUTO(buf) stream = BUF_INIT(4 << 20);
    docker_frame_text(&stream, DOCKER_STDOUT, "7\n");
    if (out)
        docker_frame_text(&stream, DOCKER_STDOUT, out);
    if (err)
        docker_frame_text(&stream, DOCKER_STDERR, err);
    return docker_upgraded(d, &stream);
}

struct fake_reply *docker_reads(struct docker *d, const char *first, const char *out, const char *err)
{
    AUTO(buf) after = BUF_INIT(4 << 20);
    if (out)
        docker_frame_text(&after, DOCKER_STDOUT, out);
    if (err)
        docker_frame_text(&after, DOCKER_STDERR, err);
    struct fake_reply *reply = docker_says(d, first, NULL);
    reply->aside = true;
    reply->after = d->owned[DOCKER_ANSWERS + d->count - 1] = buf_steal(&after, &reply->after_len);
    return reply;
}

void docker_exec(struct docker *d, const char *out, const char *err, int exit_code)
{
    docker_created(d);
    docker_says(d, out, err);
    docker_ended(d, exit_code);
}

void docker_start(struct docker *d)
{
    if (d->count == 0)
        docker_bytes(d, ping, NULL, 0);
    d->server = fake_start(d->replies, d->count);
    AUTO_STR host = xasprintf("unix://%s", fake_socket(d->server));
    check_ok(engine_open(host, NULL, &d->engine));
}

char *docker_stop(struct docker *d)
{
    return docker_stop_bytes(d, NULL);
}

char *docker_stop_bytes(struct docker *d, size_t *len)
{
    engine_free(d->engine);
    d->engine = NULL;
    char *heard = d->server ? fake_stop_bytes(d->server, NULL, len) : NULL;
    d->server = NULL;
    return heard;
}

void docker_release(struct docker *d)
{
    free(docker_stop(d));
    for (size_t i = 0; i < COUNT_OF(d->owned); i++)
        free(d->owned[i]);
}
