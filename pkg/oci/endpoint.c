#include "oci/endpoint.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "oci/registry.h"

static const char not_tls[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

enum {
    CLIENT_HELLO = 0x16, /* RFC 8446, 5.1: the first byte of a handshake record */
    HELLO_BYTES = 16 * 1024,
    GUESTS = 32,
    RECEIVE_BYTES = 256 * 1024 /* of a connection: half of it is read at once, if it is there */
};

/* A connection that has not shown yet what it is. */
struct guest {
    int fd; /* -1: a free place */
    int64_t came_ms;
    bool is_answered; /* it speaks TLS, and was told that we don't */
};

struct oci_endpoint {
    struct registry registry;
    struct MHD_Daemon *daemon;
    struct cancel *stop;
    char *repository;
    int listen_fd;
    bool is_listening; /* thread runs */
    pthread_t thread;
};

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url, const char *method,
                              const char *version, const char *upload_data, size_t *upload_data_size, void **request)
{
    (void)version;
    return registry_handle(cls, c, url, method, upload_data, upload_data_size, request) == MHD_YES ? MHD_YES : MHD_NO;
}

static void done(void *cls, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode why)
{
    (void)c, (void)why;
    registry_done(cls, request);
}

/* What is unread when a socket is closed makes the kernel send a reset, which would overtake the
 * answer; so the end of the client's side is waited for. */
static struct err *answer_hello(struct guest *g, struct net_wait now)
{
    char hello[HELLO_BYTES];
    size_t len = 0;
    TRY(net_read(g->fd, hello, sizeof hello, now, &len));
    if (!g->is_answered) {
        TRY(net_write_all(g->fd, not_tls, sizeof not_tls - 1, now));
        TRY(net_shutdown_write(g->fd));
        g->is_answered = true;
    }
    return len > 0 ? NULL : err_new(RW9003_SOCKET, "the client is gone");
}

static struct err *give_to_daemon(struct oci_endpoint *p, struct guest *g)
{
    struct sockaddr_in peer = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = g->fd;
    g->fd = -1;
    if (MHD_add_connection(p->daemon, fd, (struct sockaddr *)&peer, sizeof peer) != MHD_YES)
        return err_new(RW9005_RESOURCES, "no thread for another connection of the engine");
    return NULL;
}

/* Something has come: HTTP goes to MHD, TLS gets its answer. An error: no more of this guest. */
static struct err *look_at(struct oci_endpoint *p, struct guest *g)
{
    struct net_wait now = { clock_ms(), p->stop }; /* poll has said that it is there */
    unsigned char first = 0;
    bool closed = false;
    if (g->is_answered)
        return answer_hello(g, now);
    TRY(net_peek(g->fd, now, &first, &closed));
    if (closed)
        return err_new(RW9003_SOCKET, "the client is gone");
    return first == CLIENT_HELLO ? answer_hello(g, now) : give_to_daemon(p, g);
}

/* Where all places are taken, who has said nothing for longest makes room. */
static void seat(struct guest *guests, int fd)
{
    struct guest *seat = &guests[0];
    for (size_t i = 0; i < GUESTS; i++)
        if (guests[i].fd < 0 || (seat->fd >= 0 && guests[i].came_ms < seat->came_ms))
            seat = &guests[i];
    fd_closep(&seat->fd);
    *seat = (struct guest){ .fd = fd, .came_ms = clock_ms() };
}

static void look_at_all(struct oci_endpoint *p, struct guest *guests, const struct net_poll *polled)
{
    for (size_t i = 0; i < GUESTS; i++) {
        struct err *e = guests[i].fd >= 0 && polled[i].got ? look_at(p, &guests[i]) : NULL;
        if (!e)
            continue;
        fd_closep(&guests[i].fd);
        err_ignore(e, "one connection less: the engine tries again, or fails and is asked why");
    }
}

/* One round: who has come, and who has said something. Guests that say nothing disturb nobody. */
static struct err *listen_once(struct oci_endpoint *p, struct guest *guests)
{
    struct net_poll polled[GUESTS + 1];
    for (size_t i = 0; i < GUESTS; i++)
        polled[i] = (struct net_poll){ .fd = guests[i].fd, .want = POLLIN };
    polled[GUESTS] = (struct net_poll){ .fd = p->listen_fd, .want = POLLIN };
    TRY(net_poll(polled, GUESTS + 1, (struct net_wait){ CLOCK_NEVER, p->stop }));
    look_at_all(p, guests, polled);
    if (polled[GUESTS].got) {
        int fd = -1;
        TRY(net_accept(p->listen_fd, (struct net_wait){ CLOCK_NEVER, p->stop }, &fd));
        seat(guests, fd);
    }
    return NULL;
}

static void *listen_loop(void *arg)
{
    struct oci_endpoint *p = arg;
    struct guest guests[GUESTS];
    struct err *e = NULL;
    for (size_t i = 0; i < GUESTS; i++)
        guests[i] = (struct guest){ .fd = -1 };
    while (!e)
        e = listen_once(p, guests);
    if (err_get_code(e) == RW9009_INTERRUPTED)
        err_ignore(e, "this is how it is told to end");
    else
        registry_fail(&p->registry, e);
    for (size_t i = 0; i < GUESTS; i++)
        fd_closep(&guests[i].fd);
    return NULL;
}

static void name_it(struct oci_endpoint *p, int port, const char *token)
{
    p->registry.authority = xasprintf("127.0.0.1:%d", port);
    p->registry.prefix = xasprintf("/v2/rwml-push/%s/", token);
    p->repository = xasprintf("%s/rwml-push/%s", p->registry.authority, token);
}

static struct err *serve(struct oci_endpoint *p)
{
    p->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
                                     MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC,
                                 0, NULL, NULL, handle, &p->registry, MHD_OPTION_NOTIFY_COMPLETED, done, &p->registry,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)RECEIVE_BYTES, MHD_OPTION_END);
    if (!p->daemon)
        return err_new(RW9005_RESOURCES, "cannot start the endpoint that the engine pushes to");
    int number = pthread_create(&p->thread, NULL, listen_loop, p);
    if (number != 0)
        return err_sys(RW9005_RESOURCES, number, "cannot start the endpoint that the engine pushes to");
    p->is_listening = true;
    return NULL;
}

struct err *oci_endpoint_open(const struct oci_host *host, struct oci_endpoint **out)
{
    AUTO_PTR(oci_endpoint) p = xcalloc(1, sizeof *p);
    char token[ENTROPY_HEX_ROOM], user[ENTROPY_HEX_ROOM], password[ENTROPY_HEX_ROOM];
    int port = 0;
    p->listen_fd = -1;
    p->registry.host = host;
    pthread_mutex_init(&p->registry.lock, NULL);
    TRY(entropy_hex(token));
    TRY(entropy_hex(user));
    TRY(entropy_hex(password));
    TRY(cancel_new(&p->stop));
    TRY(net_listen_loopback(&p->listen_fd, &port));
    name_it(p, port, token);
    p->registry.user = xstrdup(user);
    p->registry.password = xstrdup(password);
    TRY(serve(p));
    *out = STEAL(&p);
    return NULL;
}

void oci_endpoint_close(struct oci_endpoint *p)
{
    if (p->is_listening) {
        cancel_request(p->stop, 0);
        pthread_join(p->thread, NULL);
    }
    if (p->daemon)
        MHD_stop_daemon(p->daemon);
    p->is_listening = false;
    p->daemon = NULL;
}

void oci_endpoint_free(struct oci_endpoint *p)
{
    if (!p)
        return;
    oci_endpoint_close(p);
    while (p->registry.uploads) {
        struct upload *next = p->registry.uploads->next;
        upload_free(p->registry.uploads);
        p->registry.uploads = next;
    }
    fd_closep(&p->listen_fd);
    cancel_free(p->stop);
    err_free(p->registry.error);
    pthread_mutex_destroy(&p->registry.lock);
    free(p->registry.authority);
    free(p->registry.prefix);
    free(p->registry.user);
    free(p->registry.password);
    free(p->repository);
    free(p);
}

const char *oci_endpoint_repository(const struct oci_endpoint *p)
{
    return p->repository;
}

const char *oci_endpoint_user(const struct oci_endpoint *p)
{
    return p->registry.user;
}

const char *oci_endpoint_password(const struct oci_endpoint *p)
{
    return p->registry.password;
}

bool oci_endpoint_was_met(struct oci_endpoint *p)
{
    pthread_mutex_lock(&p->registry.lock);
    bool met = p->registry.is_met;
    pthread_mutex_unlock(&p->registry.lock);
    return met;
}

struct err *oci_endpoint_error(struct oci_endpoint *p)
{
    pthread_mutex_lock(&p->registry.lock);
    struct err *e = STEAL(&p->registry.error);
    pthread_mutex_unlock(&p->registry.lock);
    return e;
}
