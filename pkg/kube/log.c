#include "kube/log.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "kube/call.h"
#include "kube/stream.h"

enum { EXCUSE_BYTES = 64 }; /* of a line that tell whether it is the kubelet's */

struct kube_log {
    struct kube_stream stream;
    struct kube_client *client;
    struct kube_log_taker taker;
    struct http_watch *watch;
    unsigned login; /* that it was opened by */
    char *what;     /* for messages: "shop/web-1, container web" */
    char *grant;    /* as outage.h calls it */
};

static void take_line(struct kube_log *l, const struct http_watch_event *event)
{
    kube_common_served(l->client->common, l->grant);
    AUTO_STR text = xstrndup(event->line, event->len < EXCUSE_BYTES ? event->len : EXCUSE_BYTES);
    if (!kube_is_log_excuse(text))
        l->taker.on_line(l->taker.ctx, event->line, event->len, event->cut);
}

static struct err *broken(const struct kube_log *l, const struct http_response *r)
{
    struct err *e = err_new(RW5103_CLUSTER_UNREACHABLE, "cannot read the log of pod %s", l->what);
    return err_cause(e, "HTTP %d: %.200s", r->status, buf_text(&r->body));
}

static struct err *take_end(struct kube_log *l, const struct http_response *r)
{
    bool refused = r->status == 401 || r->status == 403, renewed = false;
    if (r->status == 401)
        TRY(kube_client_renew(l->client, l->login, &renewed)); /* for whoever opens it again */
    if (refused && !renewed && !kube_common_excuses(l->client->common, l->grant))
        return err_new(RW5104_CLUSTER_REFUSED, "the API server does not let us read the log of pod %s (%d)", l->what,
                       r->status);
    if (r->status == 400 || r->status == 404)
        l->taker.on_end(l->taker.ctx, KUBE_LOG_NOTHING, NULL);
    else if (r->status != 200)
        l->taker.on_end(l->taker.ctx, KUBE_LOG_BROKEN, broken(l, r));
    else
        l->taker.on_end(l->taker.ctx, KUBE_LOG_COMPLETE, NULL);
    if (r->status == 200)
        kube_common_served(l->client->common, l->grant);
    return NULL;
}

static struct err *take(struct kube_stream *s, const struct http_watch_event *event, bool *changed)
{
    struct kube_log *l = (struct kube_log *)s;
    enum http_failure failure = event->response ? event->response->failure : HTTP_CUT;
    *changed = true;
    switch (event->kind) {
    case HTTP_WATCH_LINE:
        take_line(l, event);
        return NULL;
    case HTTP_WATCH_END:
        return take_end(l, event->response);
    case HTTP_WATCH_FAIL:
        if (failure == HTTP_TLS_VERIFY)
            return kube_lost(l->client, failure, event->error);
        kube_common_lost(l->client->common);
        l->taker.on_end(l->taker.ctx, KUBE_LOG_BROKEN, kube_lost(l->client, failure, event->error));
        return NULL;
    }
    BUG("http_watch_wait gave an event of no kind");
}

static void add_query(struct http_path *path, const struct kube_log_query *q)
{
    http_path_query(path, "container", q->container);
    http_path_query(path, "timestamps", "true");
    if (q->follow)
        http_path_query(path, "follow", "true");
    if (q->previous)
        http_path_query(path, "previous", "true");
    if (q->since_s) {
        AUTO_STR since = clock_rfc3339(q->since_s);
        http_path_query(path, "sinceTime", since);
    }
    if (q->tail >= 0) {
        AUTO_STR tail = xasprintf("%" PRId64, q->tail);
        http_path_query(path, "tailLines", tail);
    }
}

struct err *kube_log_open(struct kube_client *c, const struct kube_log_query *query, struct kube_log_taker taker,
                          struct kube_log **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    TRY(kube_client_stay_logged_in(c));
    struct kube_log *l = xcalloc(1, sizeof *l);
    *l = (struct kube_log){ .stream = { take }, .client = c, .taker = taker, .login = c->login };
    l->what = xasprintf("%s/%s, container %s", query->namespace, query->pod, query->container);
    l->grant = xasprintf("log %s", query->namespace);
    kube_log_path(&path, query->namespace, query->pod);
    add_query(&path, query);
    struct http_request request = {
        .method = "GET", .path = &path, .wait = { CLOCK_NEVER, NULL }, .line_max = LIMIT_LOG_LINE
    };
    struct err *e = http_watch_open(c->http, &request, &l->stream, &l->watch);
    if (e) {
        e = err_because(RW5001_OBJECT_INVALID, e, "cannot ask for the log of pod %s", l->what);
        kube_log_close(l);
        return e;
    }
    *out = l;
    return NULL;
}

void kube_log_close(struct kube_log *l)
{
    if (!l)
        return;
    http_watch_close(l->watch);
    free(l->what);
    free(l->grant);
    free(l);
}

void kube_log_hold(struct kube_log *l, bool held)
{
    http_watch_hold(l->watch, held);
}
