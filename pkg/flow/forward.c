#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/net.h"
#include "base/task.h"
#include "flow/current_pods.h"
#include "flow/flow.h"
#include "flow/ports.h"
#include "flow/tunnel.h"
#include "plan/target.h"

static const char STAGE[] = "forward";

enum {
    CONNECTIONS = 100,    /* at a time; more wait */
    PORTS_MOST = 200,     /* that are waited at at once */
    NO_POD_MS = 30 * 1000 /* a connection waits this long for a pod to be ready */
};

struct listener {
    const struct port_forward *forward;
    int fd;
    int port;
};

struct forwarding {
    const struct request *request;
    struct plan plan;
    struct target target;
    struct roots roots;
    struct port_forwards forwards;
    struct listener *listeners;
    size_t count;
    struct current_pods *pods;
    struct cancel *stop; /* for those who serve */
};

static void forwarding_release(struct forwarding *f)
{
    for (size_t i = 0; i < f->count; i++)
        fd_closep(&f->listeners[i].fd);
    free(f->listeners);
    current_pods_free(f->pods);
    cancel_free(f->stop);
    port_forwards_release(&f->forwards);
    roots_release(&f->roots);
    target_release(&f->target);
    plan_release(&f->plan);
}

static void tell(const struct forwarding *f, enum ui_kind kind, const char *service, const json_t *fields,
                 const char *text)
{
    const struct ui_event event = { kind, service, STAGE, -1, fields };
    ui_tell(f->request->ui, &event, "%s", text);
}

/* ---------------------------------------------------------------- what is asked for */

struct asked {
    struct strv names;
    struct port_wish *wishes;
    size_t count;
};

static void asked_release(struct asked *a)
{
    strv_release(&a->names);
    free(a->wishes);
}

static struct err *read_words(const struct strv *words, struct asked *out)
{
    out->wishes = xcalloc(words->count + 1, sizeof *out->wishes);
    for (size_t i = 0; i < words->count; i++) {
        bool is_port;
        TRY(port_wish_read(words->items[i], &is_port, &out->wishes[out->count]));
        if (is_port)
            out->count++;
        else
            strv_add(&out->names, words->items[i]);
    }
    return NULL;
}

static struct err *choose(struct forwarding *f)
{
    AUTO(asked) asked = { 0 };
    TRY(read_words(f->request->services, &asked));
    struct request named = *f->request;
    named.services = &asked.names;
    TRY(plan_make(&named, &f->plan));
    roots_add(&f->plan, &f->roots);
    TRY(ports_find(&f->plan, &f->roots, asked.wishes, asked.count, &f->forwards));
    if (f->forwards.count > PORTS_MOST)
        return err_new(RW1020_COMMAND_LINE, "%zu ports are too many at once", f->forwards.count);
    return NULL;
}

/* ---------------------------------------------------------------- listening */

static struct err *taken(const struct port_forward *p, struct err *e)
{
    const char *why = err_errno(e) == EACCES ? "needs privileges on this machine" : "is taken on this machine";
    e = err_because(RW9010_PORT_TAKEN, e, "port %d %s", p->local, why);
    return err_next(e, "rwml forward %s :%d   (any port that is free)", p->service, p->port);
}

static bool is_taken(const struct err *e)
{
    return e && (err_errno(e) == EADDRINUSE || err_errno(e) == EACCES);
}

/* A port that nobody asked for may be another one here. */
static struct err *listen_at(const struct port_forward *p, struct listener *out)
{
    out->port = p->local;
    struct err *e = p->local ? net_listen_loopback_at(p->local, &out->fd) : NULL;
    if (is_taken(e) && p->is_wish)
        return taken(p, e);
    if (!is_taken(e) && p->local)
        return e;
    err_ignore(e, "that the port is another one is told");
    return net_listen_loopback(&out->fd, &out->port);
}

static struct err *listen_all(struct forwarding *f)
{
    f->listeners = xcalloc(f->forwards.count, sizeof *f->listeners);
    for (size_t i = 0; i < f->forwards.count; i++) {
        f->listeners[i] = (struct listener){ .forward = &f->forwards.items[i], .fd = -1 };
        f->count++;
        TRY(listen_at(&f->forwards.items[i], &f->listeners[i]));
    }
    return NULL;
}

static void tell_listener(const struct forwarding *f, const struct listener *l)
{
    const struct port_forward *p = l->forward;
    AUTO_STR other = l->port != p->local && p->local ? xasprintf(", since %d can't be had here", p->local) : NULL;
    AUTO_STR text = xasprintf("127.0.0.1:%d is %s%s", l->port, p->label, other ? other : "");
    DOC_AUTO fields = doc_object();
    doc_set(fields, "/local", doc_integer(l->port));
    doc_set(fields, "/port", doc_integer(p->port));
    tell(f, UI_RESULT, p->service, fields, text);
}

/* ---------------------------------------------------------------- one connection */

/* What one thread has: a client of its own, once it needs one. */
struct server {
    struct forwarding *forwarding;
    bool watches; /* it serves nobody, but keeps the pods */
    struct kube_client *kube;
};

static struct err *pass_on(struct server *s, const struct port_forward *p, const char *pod, int fd, bool *begun)
{
    struct forwarding *f = s->forwarding;
    AUTO_STR complaint = NULL;
    const struct tunnel_end to = { f->roots.items[p->root].id.namespace, pod, p->port };
    if (!s->kube)
        TRY(kube_open(&f->target.kube_config, f->stop, &s->kube));
    TRY(tunnel_run(s->kube, &to, fd, f->stop, begun, &complaint));
    if (complaint) {
        AUTO_STR text = xasprintf("port %d of pod %s: %s", p->port, pod, complaint);
        tell(f, UI_WARNING, p->service, NULL, text);
    }
    return NULL;
}

/* A pod that is gone may still be the newest that we know of; its successor gets the connection. */
static struct err *connect_to_pod(struct server *s, const struct port_forward *p, int fd)
{
    struct forwarding *f = s->forwarding;
    AUTO_STR gone = NULL;
    int64_t deadline_ms = clock_after(NO_POD_MS);
    for (;;) {
        AUTO_STR pod = NULL;
        bool begun = false;
        TRY(current_pods_wait(f->pods, p->root, gone, deadline_ms, f->stop, &pod));
        struct err *e = pass_on(s, p, pod, fd, &begun);
        if (!e || err_get_code(e) != RW6403_POD_GONE || begun)
            return e;
        err_ignore(e, "another pod takes its place");
        str_set(&gone, pod);
    }
}

/* One connection's failure is no other's. */
static void serve_connection(struct server *s, const struct port_forward *p, int fd)
{
    struct err *e = connect_to_pod(s, p, fd);
    if (!e)
        return;
    AUTO_STR words = err_words(e);
    if (err_get_code(e) != RW9009_INTERRUPTED)
        tell(s->forwarding, UI_WARNING, p->service, NULL, words);
    err_ignore(e, "told; the next connection may fare better");
}

/* ---------------------------------------------------------------- all of them */

static void accept_one(struct server *s, const struct listener *l)
{
    AUTO_FD fd = -1;
    struct err *e = net_accept(l->fd, (struct net_wait){ clock_ms(), s->forwarding->stop }, &fd);
    if (!e)
        serve_connection(s, l->forward, fd);
    else if (err_get_code(e) == RW9003_SOCKET)
        err_ignore(cancel_sleep(s->forwarding->stop, clock_after(100)), "no descriptor is left just now");
    err_ignore(e, "another thread was faster, or none can be had");
}

static struct err *serve(struct server *s)
{
    struct forwarding *f = s->forwarding;
    struct net_poll *polls = xcalloc(f->count, sizeof *polls);
    struct err *e = NULL;
    for (size_t i = 0; i < f->count; i++)
        polls[i] = (struct net_poll){ .fd = f->listeners[i].fd, .want = POLLIN };
    while (!e) {
        e = net_poll(polls, f->count, (struct net_wait){ CLOCK_NEVER, f->stop });
        for (size_t i = 0; !e && i < f->count; i++)
            if (polls[i].got)
                accept_one(s, &f->listeners[i]);
    }
    free(polls);
    kube_client_free(STEAL(&s->kube));
    if (err_get_code(e) != RW9009_INTERRUPTED)
        return e;
    err_ignore(e, "whoever asked for it tells why");
    return NULL;
}

static struct err *run_server(void *item)
{
    struct server *s = item;
    if (!s->watches)
        return serve(s);
    struct err *e = current_pods_keep(s->forwarding->pods, s->kube);
    cancel_request(s->forwarding->stop, 0);
    return e;
}

static void on_change(void *ctx, size_t root, const char *pod, const char *why)
{
    const struct forwarding *f = ctx;
    bool is_used = false;
    AUTO_STR name = kube_id_text(f->roots.items[root].id);
    for (size_t i = 0; i < f->forwards.count; i++)
        is_used = is_used || f->forwards.items[i].root == root;
    AUTO_STR text = pod ? xasprintf("%s: connections go to pod %s", name, pod)
                        : xasprintf("%s has no ready pod (%s); connections wait for one", name, why);
    if (is_used)
        tell(f, pod ? UI_STEP : UI_WARNING, f->roots.items[root].service, NULL, text);
}

static struct err *serve_all(struct forwarding *f)
{
    AUTO_PTR(kube_client) kube = NULL;
    struct server *servers = xcalloc(CONNECTIONS + 1, sizeof *servers);
    struct err *e = kube_open(&f->target.kube_config, f->request->cancel, &kube);
    for (size_t i = 0; i <= CONNECTIONS; i++)
        servers[i] = (struct server){ .forwarding = f, .watches = i == 0, .kube = i == 0 ? kube : NULL };
    for (size_t i = 0; !e && i < f->count; i++)
        tell_listener(f, &f->listeners[i]);
    if (!e)
        e = task_all(servers, CONNECTIONS + 1, sizeof *servers, CONNECTIONS + 1, run_server);
    free(servers);
    return e;
}

static struct err *forward(struct forwarding *f)
{
    TRY(err_state(choose(f), "nothing was contacted"));
    TRY(err_state(listen_all(f), "nothing was contacted"));
    TRY(cancel_new(&f->stop));
    f->pods = current_pods_new(f->roots.items, f->roots.count, on_change, f);
    TRY(target_open_proved(f->request, f->plan.workspace, &f->target));
    return target_advise(&f->target, serve_all(f));
}

struct err *flow_forward(const struct request *request)
{
    AUTO(forwarding) f = { .request = request };
    return err_state(forward(&f), "nothing was changed; connections that were open are closed");
}
