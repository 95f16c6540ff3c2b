#include "kube/mirror.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doc/doc.h"
#include "kube/call.h"
#include "kube/stream.h"

#define WATCH_S 40       /* the server ends a watch after this, so that a dead one is noticed */
#define SILENCE_MS 50000 /* longer than WATCH_S: whoever is silent then is dead */
#define LASTING_MS 1000  /* a watch that ends in good order after this was one, though nothing came */
#define RELIST_MS 1000   /* an entry is listed at most this often */
#define PAUSE_MS 250     /* before a broken watch is opened again, doubling */
#define DOUBLINGS 3

struct entry {
    struct kube_stream stream;
    struct kube_mirror *mirror;
    struct kube_id collection; /* its texts are owned */
    json_t *items;
    char *version;            /* resourceVersion to go on from; NULL: list first */
    struct http_watch *watch; /* NULL: to be opened at open_at_ms */
    int64_t open_at_ms;
    int64_t opened_at_ms;
    int64_t listed_at_ms;
    int failures;             /* one behind the other */
    int64_t failing_since_ms; /* the first of them */
    char *what;               /* as outage.h calls it */
    unsigned login;           /* that the watch was opened by */
    bool is_login_new;        /* since the last refusal */
};

struct kube_mirror {
    struct kube_client *client;
    struct entry **entries;
    size_t count;
    uint64_t changes;
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
    free(e->what);
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
    e->mirror->changes++;
    e->listed_at_ms = clock_ms();
    return NULL;
}

static struct err *open_watch(struct entry *e)
{
    struct kube_client *c = e->mirror->client;
    AUTO(http_path) path = HTTP_PATH_INIT;
    TRY(kube_client_stay_logged_in(c));
    e->login = c->login;
    TRY(kube_path(c, e->collection, &path));
    AUTO_STR seconds = xasprintf("%d", WATCH_S);
    http_path_query(&path, "watch", "1");
    http_path_query(&path, "allowWatchBookmarks", "true");
    http_path_query(&path, "resourceVersion", e->version);
    http_path_query(&path, "timeoutSeconds", seconds);
    struct http_request request = {
        .method = "GET", .path = &path, .wait = { CLOCK_NEVER, NULL }, .idle_ms = SILENCE_MS
    };
    e->opened_at_ms = clock_ms();
    struct err *error = http_watch_open(c->http, &request, &e->stream, &e->watch);
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

/* After a failure: later each time, and not before asked_ms have passed; false when it has lasted too long. */
static bool back_off_for(struct entry *e, int64_t asked_ms)
{
    int64_t pause_ms = PAUSE_MS << (e->failures < DOUBLINGS ? e->failures : DOUBLINGS);
    if (e->failures == 0)
        e->failing_since_ms = clock_ms();
    again(e, asked_ms > pause_ms ? asked_ms : pause_ms);
    e->failures++;
    return clock_ms() - e->failing_since_ms < KUBE_OUTAGE_MS && asked_ms <= KUBE_RETRY_AFTER_MAX_MS;
}

static bool back_off(struct entry *e)
{
    return back_off_for(e, 0);
}

static struct kube_common *common(const struct entry *e)
{
    return e->mirror->client->common;
}

static void served(struct entry *e)
{
    e->failures = 0;
    e->is_login_new = false;
    kube_common_served(common(e), e->what);
}

static void put(struct entry *e, json_t *object, bool present)
{
    const char *uid = doc_text(object, "/metadata/uid");
    size_t i;
    json_t *item;
    e->mirror->changes++;
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
    served(e);
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

/* Credentials may expire while a watch is open. What the new ones do not help against is none of their faults. */
static struct err *log_in_again(struct entry *e, bool *renewed)
{
    *renewed = false;
    if (!e->is_login_new)
        TRY(kube_client_renew(e->mirror->client, e->login, renewed));
    e->is_login_new = true;
    return NULL;
}

static struct err *take_end(struct entry *e, const struct http_response *r)
{
    int status = r->status; /* r goes with the watch */
    int64_t asked_ms = kube_retry_after_ms(r);
    bool refused = status == 401 || status == 403, renewed = false;
    if (status == 401)
        TRY(log_in_again(e, &renewed));
    if (renewed) {
        again(e, 0);
    } else if (status == 410) {
        relist(e);
    } else if (status == 200 && (r->received > 0 || clock_ms() - e->opened_at_ms >= LASTING_MS)) {
        served(e);
        again(e, PAUSE_MS);
    } else if (refused && !kube_common_excuses(common(e), e->what)) {
        return err_new(RW5104_CLUSTER_REFUSED, "the API server does not let us watch %s (%d)", e->collection.kind,
                       status);
    } else if (!back_off_for(e, asked_ms)) {
        return err_new(RW5103_CLUSTER_UNREACHABLE, "the API server ends every watch of %s at once (%d)",
                       e->collection.kind, status);
    }
    return NULL;
}

static struct err *take_fail(struct entry *e, enum http_failure failure, struct err *error)
{
    if (failure == HTTP_TLS_VERIFY)
        return kube_lost(e->mirror->client, failure, error);
    kube_common_lost(common(e));
    if (!back_off(e))
        return kube_lost(e->mirror->client, failure, error);
    err_ignore(error, "a broken watch is opened again");
    return NULL;
}

static struct err *take(struct kube_stream *s, const struct http_watch_event *event, bool *changed)
{
    struct entry *e = (struct entry *)s;
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

/* Opens what is due; *next_ms becomes the time of the next that is not. */
static struct err *open_due(struct kube_mirror *m, int64_t *next_ms, bool *changed)
{
    for (size_t i = 0; i < m->count; i++) {
        struct entry *e = m->entries[i];
        if (!e->watch && e->open_at_ms > clock_ms()) {
            *next_ms = clock_earlier(*next_ms, e->open_at_ms);
            continue;
        }
        if (!e->version) {
            TRY(list(e));
            *changed = true;
        }
        if (!e->watch)
            TRY(open_watch(e));
    }
    return NULL;
}

struct err *kube_mirror_wait(struct kube_mirror *m, int64_t deadline_ms, bool *changed)
{
    bool any = false;
    do {
        int64_t next_ms = deadline_ms;
        TRY(open_due(m, &next_ms, &any));
        if (!any)
            TRY(kube_stream_step(m->client, next_ms, &any));
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
    e->stream.take = take;
    e->mirror = m;
    e->collection = (struct kube_id){ xstrdup(api_version), xstrdup(kind), xstrdup(namespace), NULL };
    e->what = xasprintf("watch %s %s %s", api_version, kind, namespace ? namespace : "");
    m->entries = xrealloc(m->entries, m->count + 1, sizeof(struct entry *));
    m->entries[m->count++] = e;
    *entry = m->count - 1;
    return list(e);
}

const json_t *kube_mirror_items(const struct kube_mirror *m, size_t entry)
{
    return m->entries[entry]->items;
}

uint64_t kube_mirror_changes(const struct kube_mirror *m)
{
    return m->changes;
}
