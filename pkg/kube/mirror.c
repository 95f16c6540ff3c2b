#include "kube/mirror.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doc/doc.h"
#include "http/watch.h"
#include "kube/call.h"

#define WATCH_S 240       /* the server ends a watch after this, so that a dead one is noticed */
#define SILENCE_MS 300000 /* longer than WATCH_S: whoever is silent then is dead */
#define RELIST_MS 1000    /* an entry is listed at most this often */
#define PAUSE_MS 250      /* before a broken watch is opened again, doubling */
#define LONGEST_PAUSE_MS 8000
#define FAILURES_MAX 8 /* broken one behind the other, about 24 s: then it is told */

struct entry {
    struct kube_mirror *mirror;
    struct kube_id collection; /* its texts are owned */
    json_t *items;
    char *version;            /* resourceVersion to go on from; NULL: list first */
    struct http_watch *watch; /* NULL: to be opened at open_at_ms */
    int64_t open_at_ms;
    int64_t listed_at_ms;
    int failures;
};

struct kube_mirror {
    struct kube_client *client;
    struct entry **entries;
    size_t count;
};

struct err *kube_mirror_new(struct kube_client *c, struct kube_mirror **out)
{
    *out = xcalloc(1, sizeof **out);
    (*out)->client = c;
    return NULL;
}

static void entry_free(struct entry *e)
{
    if (e->watch)
        http_watch_close(e->watch);
    free((char *)e->collection.api_version);
    free((char *)e->collection.kind);
    free((char *)e->collection.namespace);
    doc_unref(e->items);
    free(e->version);
    free(e);
}

void kube_mirror_free(struct kube_mirror *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->count; i++)
        entry_free(m->entries[i]);
    free(m->entries);
    free(m);
}

static struct err *list(struct entry *e)
{
    json_t *items;
    TRY(kube_list_at(e->mirror->client, e->collection, &items, &e->version));
    doc_unref(e->items);
    e->items = items;
    e->listed_at_ms = clock_ms();
    return NULL;
}

static struct err *open_watch(struct entry *e)
{
    struct kube_client *c = e->mirror->client;
    AUTO(http_path) path = HTTP_PATH_INIT;
    TRY(kube_path(c, e->collection, &path));
    AUTO_STR seconds = xasprintf("%d", WATCH_S);
    http_path_query(&path, "watch", "1");
    http_path_query(&path, "allowWatchBookmarks", "true");
    http_path_query(&path, "resourceVersion", e->version);
    http_path_query(&path, "timeoutSeconds", seconds);
    struct http_request request = {
        .method = "GET", .path = &path, .wait = { CLOCK_NEVER, NULL }, .idle_ms = SILENCE_MS
    };
    struct err *error = http_watch_open(c->http, &request, e, &e->watch);
    return error ? kube_lost(c, HTTP_CONNECT, error) : NULL;
}

static void close_watch(struct entry *e)
{
    if (e->watch)
        http_watch_close(e->watch);
    e->watch = NULL;
}

static void again(struct entry *e, int64_t pause_ms)
{
    close_watch(e);
    e->open_at_ms = clock_after(pause_ms);
}

/* The server no longer knows what came after our resourceVersion. */
static void relist(struct entry *e)
{
    free(e->version);
    e->version = NULL;
    int64_t since_ms = clock_ms() - e->listed_at_ms;
    again(e, since_ms < RELIST_MS ? RELIST_MS - since_ms : 0);
}

/* After a failure: later each time; *give_up when it has happened too often. */
static bool back_off(struct entry *e)
{
    int64_t pause_ms = PAUSE_MS << (e->failures < 6 ? e->failures : 6);
    e->failures++;
    again(e, pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS);
    return e->failures < FAILURES_MAX;
}

static void put(struct entry *e, json_t *object, bool present)
{
    const char *uid = doc_text(object, "/metadata/uid");
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (e->items, i, item) {
        if (str_eq(doc_text(item, "/metadata/uid"), uid))
            break;
    }
    bool known = i < doc_count(e->items);
    AUTO_STR place = xasprintf("/%zu", i);
    if (present && known)
        doc_set(e->items, place, doc_ref(object));
    else if (present)
        doc_append(e->items, doc_ref(object));
    else if (known)
        doc_remove(e->items, place);
}

static struct err *take_error(struct entry *e, const json_t *status)
{
    if (doc_i64(status, "/code", 0) == 410) {
        relist(e);
        return NULL;
    }
    if (back_off(e))
        return NULL;
    const char *message = doc_text(status, "/message");
    return err_cause(err_new(RW5105_CLUSTER_PROTOCOL, "the API server breaks every watch of %s", e->collection.kind),
                     "%s", message ? message : "no reason told");
}

static struct err *take_event(struct entry *e, const json_t *event, bool *changed)
{
    const char *type = doc_text(event, "/type");
    json_t *object = doc_key(event, "object");
    if (str_eq(type, "ERROR"))
        return take_error(e, object);
    const char *version = doc_text(object, "/metadata/resourceVersion");
    if (version)
        str_set(&e->version, version);
    e->failures = 0;
    if (str_eq(type, "BOOKMARK"))
        return NULL;
    put(e, object, !str_eq(type, "DELETED"));
    *changed = true;
    return NULL;
}

static struct err *take_line(struct entry *e, const char *line, size_t len, bool *changed)
{
    if (len == 0)
        return NULL;
    DOC_AUTO event = NULL;
    struct err *error = doc_parse_json(line, len, "the watch", &event);
    if (!error)
        return take_event(e, event, changed);
    if (back_off(e)) {
        err_ignore(error, "a watch that is cut ends in half a line; it is opened again");
        return NULL;
    }
    return err_because(RW5105_CLUSTER_PROTOCOL, error, "cannot read the watch of %s", e->collection.kind);
}

static struct err *take_end(struct entry *e, const struct http_response *r)
{
    if (r->status == 410) {
        relist(e);
    } else if (r->status == 200 && r->received > 0) {
        again(e, PAUSE_MS);
    } else if (r->status == 401 || r->status == 403) {
        return err_new(RW5104_CLUSTER_REFUSED, "the API server does not let us watch %s (%d)", e->collection.kind,
                       r->status);
    } else if (!back_off(e)) {
        return err_new(RW5103_CLUSTER_UNREACHABLE, "the API server ends every watch of %s at once (%d)",
                       e->collection.kind, r->status);
    }
    return NULL;
}

static struct err *take_fail(struct entry *e, enum http_failure failure, struct err *error)
{
    if (failure != HTTP_TLS_VERIFY && back_off(e)) {
        err_ignore(error, "a broken watch is opened again");
        return NULL;
    }
    return kube_lost(e->mirror->client, failure, error);
}

static struct err *take(const struct http_watch_event *event, bool *changed)
{
    struct entry *e = event->tag;
    switch (event->kind) {
    case HTTP_WATCH_LINE:
        return take_line(e, event->line, event->len, changed);
    case HTTP_WATCH_END:
        return take_end(e, event->response);
    case HTTP_WATCH_FAIL:
        return take_fail(e, event->response ? event->response->failure : HTTP_CUT, event->error);
    }
    BUG("http_watch_wait gave an event of no kind");
}

/* An API server that restarts refuses lists as it refuses watches. */
static struct err *list_again(struct entry *e)
{
    struct err *failed = list(e);
    if (!failed || err_get_code(failed) != RW5103_CLUSTER_UNREACHABLE || !back_off(e))
        return failed;
    err_ignore(failed, "the list is asked for again");
    return NULL;
}

/* Opens what is due; *next_ms becomes the time of the next that is not, *open how many are open. */
static struct err *open_due(struct kube_mirror *m, int64_t *next_ms, size_t *open, bool *changed)
{
    *open = 0;
    for (size_t i = 0; i < m->count; i++) {
        struct entry *e = m->entries[i];
        if (!e->watch && e->open_at_ms > clock_ms()) {
            *next_ms = clock_earlier(*next_ms, e->open_at_ms);
            continue;
        }
        if (!e->version) {
            TRY(list_again(e));
            *changed = true;
        }
        if (!e->version) {
            *next_ms = clock_earlier(*next_ms, e->open_at_ms);
            continue;
        }
        if (!e->watch)
            TRY(open_watch(e));
        (*open)++;
    }
    return NULL;
}

/* One event, or nothing until next_ms. */
static struct err *step(struct kube_mirror *m, int64_t next_ms, size_t open, bool *changed)
{
    const struct cancel *cancel = m->client->cancel;
    if (open == 0)
        return cancel_sleep(cancel, next_ms);
    struct http_watch_event event = { 0 };
    struct err *e = http_watch_wait(m->client->http, (struct net_wait){ next_ms, cancel }, &event);
    if (!e)
        return take(&event, changed);
    if (err_get_code(e) != RW9007_DEADLINE)
        return e;
    err_ignore(e, "nothing happened until then");
    return NULL;
}

struct err *kube_mirror_wait(struct kube_mirror *m, int64_t deadline_ms, bool *changed)
{
    bool any = false;
    do {
        int64_t next_ms = deadline_ms;
        size_t open;
        TRY(open_due(m, &next_ms, &open, &any));
        if (!any)
            TRY(step(m, next_ms, open, &any));
    } while (!any && clock_ms() < deadline_ms);
    if (changed)
        *changed = any;
    return NULL;
}

static bool same_collection(struct kube_id a, const char *api_version, const char *kind, const char *namespace)
{
    return str_eq(a.api_version, api_version) && str_eq(a.kind, kind) && str_eq(a.namespace, namespace);
}

struct err *kube_mirror_add(struct kube_mirror *m, const char *api_version, const char *kind, const char *namespace,
                            size_t *entry)
{
    for (size_t i = 0; i < m->count; i++) {
        if (same_collection(m->entries[i]->collection, api_version, kind, namespace)) {
            *entry = i;
            return NULL;
        }
    }
    struct entry *e = xcalloc(1, sizeof *e);
    e->mirror = m;
    e->collection = (struct kube_id){ xstrdup(api_version), xstrdup(kind), xstrdup(namespace), NULL };
    m->entries = xrealloc(m->entries, m->count + 1, sizeof(struct entry *));
    m->entries[m->count++] = e;
    *entry = m->count - 1;
    return list(e);
}

const json_t *kube_mirror_items(const struct kube_mirror *m, size_t entry)
{
    return m->entries[entry]->items;
}
