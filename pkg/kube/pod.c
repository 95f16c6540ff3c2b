#include "kube/pod.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "kube/call.h"

#define TAIL_BYTES (2 * LIMIT_POD_LOG) /* asked for at a time */
#define FEWER_LINES 4                  /* by so much, each time that they are too long */

void kube_log_path(struct http_path *path, const char *namespace, const char *pod)
{
    http_path_fixed(path, "/api/v1/namespaces");
    http_path_segment(path, namespace);
    http_path_fixed(path, "/pods");
    http_path_segment(path, pod);
    http_path_fixed(path, "/log");
}

/* The end is what tells. */
static void keep_end(struct buf *text)
{
    if (text->len > LIMIT_POD_LOG)
        buf_consume(text, text->len - LIMIT_POD_LOG);
}

bool kube_is_log_excuse(const char *text)
{
    return str_starts(text, "unable to retrieve container logs for ") ||
           str_starts(text, "failed to try resolving symlinks in path ");
}

/* One container's log, of its current or its previous instance. */
struct wanted_log {
    const char *namespace;
    const char *pod;
    const char *container;
    bool previous;
};

static struct err *read_tail(struct kube_client *c, const struct wanted_log *log, int lines, struct buf *out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    kube_log_path(&path, log->namespace, log->pod);
    AUTO_STR tail = xasprintf("%d", lines);
    AUTO_STR limit = xasprintf("%u", TAIL_BYTES);
    http_path_query(&path, "container", log->container);
    http_path_query(&path, "tailLines", tail);
    http_path_query(&path, "limitBytes", limit);
    if (log->previous)
        http_path_query(&path, "previous", "true");
    AUTO(kube_answer) answer;
    struct kube_call call = { .method = "GET", .path = &path, .plain = true, .answer_max = 2 * TAIL_BYTES };
    TRY(kube_call(c, &call, &answer));
    if (answer.status == 400 || answer.status == 404)
        return NULL; /* "is waiting to start", "previous terminated container … not found", the pod is gone */
    if (answer.status != 200)
        return kube_unexpected(&answer, "cannot read the log of pod %s/%s", log->namespace, log->pod);
    if (kube_is_log_excuse(buf_text(&answer.text)))
        return NULL;
    *out = answer.text;
    answer.text = (struct buf){ 0 };
    return NULL;
}

/* The server's limitBytes keeps the beginning of what tailLines leave. Where that was too much, fewer lines have the
 * end: the runtime writes a long line down as several, of 16 KB each, and those are what the kubelet counts. */
struct err *kube_logs(struct kube_client *c, const char *namespace, const char *pod, const char *container,
                      bool previous, int lines, struct buf *out)
{
    const struct wanted_log log = { namespace, pod, container, previous };
    bool too_much = true;
    *out = BUF_INIT(LIMIT_POD_LOG);
    while (too_much && lines > 0) {
        buf_release(out);
        *out = BUF_INIT(LIMIT_POD_LOG);
        TRY(read_tail(c, &log, lines, out));
        too_much = out->len >= TAIL_BYTES;
        lines /= FEWER_LINES;
    }
    keep_end(out);
    return NULL;
}

/* Times of events may be absent: the first that is there, from the newest kind to the oldest. */
static const char *event_time(const json_t *event)
{
    static const char *const pointers[] = { "/series/lastObservedTime", "/lastTimestamp", "/eventTime",
                                            "/metadata/creationTimestamp" };
    for (size_t i = 0; i < COUNT_OF(pointers); i++) {
        const char *time = doc_text(event, pointers[i]);
        if (time)
            return time;
    }
    return "";
}

static int by_time(const void *a, const void *b)
{
    return strcmp(event_time(*(json_t *const *)a), event_time(*(json_t *const *)b));
}

struct err *kube_events(struct kube_client *c, const char *namespace, const char *uid, json_t **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/api/v1/namespaces");
    http_path_segment(&path, namespace);
    http_path_fixed(&path, "/events");
    AUTO_STR selector = xasprintf("involvedObject.uid=%s", uid);
    http_path_query(&path, "fieldSelector", selector);
    AUTO(kube_answer) answer;
    TRY(kube_call(c, &(struct kube_call){ .method = "GET", .path = &path, .once = true }, &answer));
    if (answer.status != 200)
        return kube_unexpected(&answer, "cannot read the events of namespace %s", namespace);
    json_t *items = doc_key(answer.body, "items");
    size_t count = doc_count(items);
    json_t **sorted = xcalloc(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = doc_at(items, i);
    qsort(sorted, count, sizeof *sorted, by_time);
    *out = doc_array();
    for (size_t i = 0; i < count; i++)
        doc_append(*out, doc_ref(sorted[i]));
    free(sorted);
    return NULL;
}
