#include "fake/pusher.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "fake/check.h"

enum { LOG_BYTES = 1 << 20, PUSHED_BYTES = 64 << 20, ANSWER_BYTES = 1 << 20, PATIENCE_MS = 20000 };

/* The host. */

static struct err *note(struct pusher *p, const char *function, const char *fmt, ...) PRINTF_LIKE(3, 4);

static struct err *note(struct pusher *p, const char *function, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR line = xvasprintf(fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&p->lock);
    if (*line)
        buf_addf(&p->log, "%s %s\n", function, line);
    pthread_mutex_unlock(&p->lock);
    return str_eq(p->fails, function) ? err_new(RW9003_SOCKET, "%s failed", function) : NULL;
}

static struct err *add(void *ctx, const void *bytes, size_t len)
{
    struct pusher *p = ctx;
    pthread_mutex_lock(&p->lock);
    buf_add(&p->bytes, bytes, len);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static bool has(void *ctx, const char *digest, const char *accept, uint64_t *size)
{
    struct pusher *p = ctx;
    err_ignore(note(p, "has", "%s %s", digest, accept ? accept : "-"), "asking does not fail");
    if (!str_eq(p->has, digest))
        return false;
    *size = p->has_size;
    return true;
}

static struct err *stream(void *ctx, const char *digest, uint64_t size, bool *streams)
{
    struct pusher *p = ctx;
    TRY(note(p, "stream", "%s %" PRIu64, digest, size));
    *streams = p->streams;
    return NULL;
}

static struct err *write_on(void *ctx, const void *bytes, size_t len)
{
    TRY(note(ctx, "write", "%s", "")); /* no line: the pieces are the server's own choice */
    return add(ctx, bytes, len);
}

static struct err *end(void *ctx, bool whole)
{
    return note(ctx, "end", "%s", whole ? "whole" : "broken");
}

static struct err *keep(void *ctx, const char *digest, struct spool *blob_steal)
{
    AUTO_PTR(spool) blob = blob_steal;
    TRY(spool_each(blob, add, ctx));
    return note(ctx, "keep", "%s %" PRIu64, digest, spool_size(blob));
}

static struct err *manifest(void *ctx, const char *media_type, const char *digest, const char *bytes, size_t len)
{
    TRY(add(ctx, bytes, len));
    return note(ctx, "manifest", "%s %s %zu", media_type, digest, len);
}

static char *credentials_of(const struct oci_endpoint *p)
{
    AUTO_STR pair = xasprintf("%s:%s", oci_endpoint_user(p), oci_endpoint_password(p));
    AUTO_STR text = base64url_encode(pair, strlen(pair)); /* of hex digits: both alphabets write the same */
    return xasprintf("Authorization: Basic %s\r\n", text);
}

void pusher_start(struct pusher *p)
{
    pthread_mutex_init(&p->lock, NULL);
    p->log = BUF_INIT(LOG_BYTES);
    p->bytes = BUF_INIT(PUSHED_BYTES);
    p->budget.left = PUSHER_BUDGET;
    p->host = (struct oci_host){ p, scratch_new(), &p->budget, has, stream, write_on, end, keep, manifest };
    check_ok(oci_endpoint_open(&p->host, &p->endpoint));
    const char *repository = oci_endpoint_repository(p->endpoint), *colon = strchr(repository, ':');
    assert_non_null(colon);
    p->port = (int)strtol(colon + 1, NULL, 10);
    p->base = xasprintf("/v2%s/", strchr(repository, '/'));
    p->credentials = credentials_of(p->endpoint);
}

static char *credentials_told(const char *request)
{
    static const char header[] = "X-Registry-Auth: ", user[] = "\"username\":\"", password[] = "\"password\":\"";
    AUTO(buf) told = BUF_INIT(ANSWER_BYTES);
    const char *auth = strstr(request, header);
    assert_non_null(auth);
    AUTO_STR text = xstrndup(auth + strlen(header), strcspn(auth + strlen(header), "\r"));
    assert_true(base64_decode(text, &told)); /* of JSON with hex digits: both alphabets write the same */
    const char *first = strstr(buf_text(&told), user), *second = strstr(buf_text(&told), password);
    assert_true(first && second);
    AUTO_STR pair = xasprintf("%.32s:%.32s", first + strlen(user), second + strlen(password));
    AUTO_STR encoded = base64url_encode(pair, strlen(pair));
    return xasprintf("Authorization: Basic %s\r\n", encoded);
}

void pusher_sent_by(struct pusher *p, const char *request)
{
    static const char images[] = "POST /images/127.0.0.1:";
    const char *at = strstr(request, images);
    assert_non_null(at);
    at += strlen(images);
    pthread_mutex_init(&p->lock, NULL);
    p->port = (int)strtol(at, NULL, 10);
    at = strchr(at, '/');
    p->base = xasprintf("/v2%.*s", (int)(strstr(at, "push?") - at), at);
    p->credentials = credentials_told(request);
    p->budget.left = PUSHER_BUDGET;
}

void pusher_release(struct pusher *p)
{
    oci_endpoint_free(STEAL(&p->endpoint));
    assert_int_equal(p->budget.left, PUSHER_BUDGET);
    pthread_mutex_destroy(&p->lock);
    buf_release(&p->log);
    buf_release(&p->bytes);
    free((char *)(uintptr_t)p->host.spool_dir);
    free(p->base);
    free(p->credentials);
}

char *pusher_log(struct pusher *p)
{
    pthread_mutex_lock(&p->lock);
    char *log = xstrdup(buf_text(&p->log));
    pthread_mutex_unlock(&p->lock);
    return log;
}

void expect_log(struct pusher *p, const char *want)
{
    AUTO_STR log = pusher_log(p);
    assert_string_equal(log, want);
}

void pusher_until(struct pusher *p, const char *end_of_log)
{
    for (int64_t deadline = clock_after(PATIENCE_MS);; usleep(1000)) {
        AUTO_STR log = pusher_log(p);
        if (str_ends(log, end_of_log))
            return;
        if (clock_ms() >= deadline)
            fail_msg("waited for \"%s\", got \"%s\"", end_of_log, log);
    }
}

void pusher_until_dropped(struct pusher *p)
{
    for (int64_t deadline = clock_after(PATIENCE_MS); p->budget.left < PUSHER_BUDGET; usleep(1000))
        assert_true(clock_ms() < deadline);
}

/* The engine. */

int pusher_connect(const struct pusher *p)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)p->port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void pusher_say(int fd, const void *bytes, size_t len)
{
    for (const char *at = bytes; len > 0;) {
        ssize_t put = send(fd, at, len, MSG_NOSIGNAL);
        if (put <= 0)
            return;
        at += put;
        len -= (size_t)put;
    }
}

void pusher_say_text(int fd, const char *text)
{
    pusher_say(fd, text, strlen(text));
}

struct answer pusher_hear(int fd)
{
    AUTO(buf) heard = BUF_INIT(ANSWER_BYTES);
    struct answer a = { 0 };
    char piece[4096];
    ssize_t got;
    while ((got = recv(fd, piece, sizeof piece, 0)) > 0)
        buf_add(&heard, piece, (size_t)got);
    a.is_reset = got < 0;
    a.text = buf_steal(&heard, NULL);
    a.body = strstr(a.text, "\r\n\r\n");
    a.body = a.body ? a.body + 4 : "";
    if (str_starts(a.text, "HTTP/1.1 "))
        a.status = (int)strtol(a.text + strlen("HTTP/1.1 "), NULL, 10);
    return a;
}

char *pusher_head(const struct pusher *p, const char *method, const char *path, const char *headers)
{
    return xasprintf("%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%s\r\n", method, path, p->port, p->credentials,
                     headers);
}

struct answer pusher_ask(const struct pusher *p, const char *method, const char *path, const char *headers,
                         const void *bytes, size_t len)
{
    AUTO_STR length = bytes ? xasprintf("Content-Length: %zu\r\n", len) : xstrdup("");
    AUTO_STR all = xasprintf("%s%sConnection: close\r\n", headers, length);
    AUTO_STR head = pusher_head(p, method, path, all);
    AUTO_FD fd = pusher_connect(p);
    pusher_say_text(fd, head);
    pusher_say(fd, bytes, len);
    return pusher_hear(fd);
}

struct answer pusher_say_all(const struct pusher *p, const char *request)
{
    AUTO_FD fd = pusher_connect(p);
    pusher_say_text(fd, request);
    return pusher_hear(fd);
}

void pusher_expect(const struct pusher *p, int status, const char *method, const char *path, const void *bytes,
                   size_t len)
{
    AUTO(answer) a = pusher_ask(p, method, path, "", bytes, len);
    if (a.status != status)
        fail_msg("%s %s: wanted %d, got %s", method, path, status, a.text);
}

char *pusher_upload(const struct pusher *p)
{
    AUTO_STR path = xasprintf("%sblobs/uploads/", p->base);
    AUTO(answer) a = pusher_ask(p, "POST", path, "", "", 0);
    assert_int_equal(a.status, 202);
    char *location = answer_header(&a, "Location");
    assert_non_null(location);
    return location;
}

char *pusher_put(const char *location, const char *digest)
{
    return xasprintf("%s?digest=sha256%%3A%s", location, digest + strlen("sha256:")); /* as Go writes it */
}

struct blob blob_new(const struct pusher *p, size_t len, unsigned seed)
{
    struct blob b = { .bytes = xcalloc(len + 1, 1), .len = len };
    for (size_t i = 0; i < len; i++)
        b.bytes[i] = (char)('a' + (i + i / 26 + seed) % 26);
    check_ok(digest_of(b.bytes, len, b.digest));
    b.location = pusher_upload(p);
    b.put = pusher_put(b.location, b.digest);
    b.told = xasprintf("%s %zu\n", b.digest, len);
    return b;
}

void blob_release(struct blob *b)
{
    free(b->bytes);
    free(b->location);
    free(b->put);
    free(b->told);
}

void expect_bytes(const struct pusher *p, const struct blob *b)
{
    assert_int_equal(p->bytes.len, b->len);
    assert_memory_equal(buf_text(&p->bytes), b->bytes, b->len);
}

void expect_logged(struct pusher *p, const char *function, const struct blob *b, const char *more)
{
    AUTO_STR want = xasprintf("%s %s%s", function, b->told, more);
    expect_log(p, want);
}

void answer_release(struct answer *a)
{
    free(a->text);
    *a = (struct answer){ 0 };
}

char *answer_header(const struct answer *a, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = a->text; (line = strstr(line, "\r\n")) != NULL && !str_starts(line, "\r\n\r\n");) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && str_starts(line + len, ": "))
            return xstrndup(line + len + 2, strcspn(line + len + 2, "\r"));
    }
    return NULL;
}

void expect_header(const struct answer *a, const char *name, const char *want)
{
    AUTO_STR value = answer_header(a, name);
    if (!str_eq(value, want))
        fail_msg("wanted %s: %s in %s", name, want, a->text);
}
