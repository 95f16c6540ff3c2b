#include "kube/pod.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "kube/call.h"

static void add_log_path(struct http_path *path, const char *namespace, const char *pod)
{
    http_path_fixed(path, "/api/v1/namespaces");
    http_path_segment(path, namespace);
    http_path_fixed(path, "/pods");
    http_path_segment(path, pod);
    http_path_fixed(path, "/log");
}

/* The server's limitBytes keeps the beginning; the end is what tells. So twice the limit is read,
 * of lines that can be long, and its end kept. */
static void keep_end(struct buf *text)
{
    if (text->len > LIMIT_POD_LOG)
        buf_consume(text, text->len - LIMIT_POD_LOG);
}

/* What the kubelet says, with 200, when the runtime has removed the container or its log meanwhile
 * (kubelet 1.34, kuberuntime logs). */
static bool is_kubelets_excuse(const char *text)
{
    return str_starts(text, "unable to retrieve container logs for ") ||
           str_starts(text, "failed to try resolving symlinks in path ");
}

struct err *kube_logs(struct kube_client *c, const char *namespace, const char *pod, const char *container,
                      bool previous, int lines, struct buf *out)
{
    *out = BUF_INIT(LIMIT_POD_LOG);
    AUTO(http_path) path = HTTP_PATH_INIT;
    add_log_path(&path, namespace, pod);
    AUTO_STR tail = xasprintf("%d", lines);
    AUTO_STR limit = xasprintf("%u", 2 * LIMIT_POD_LOG);
    http_path_query(&path, "container", container);
    http_path_query(&path, "tailLines", tail);
    http_path_query(&path, "limitBytes", limit);
    if (previous)
        http_path_query(&path, "previous", "true");
    AUTO(kube_answer) answer;
    struct kube_call call = { .method = "GET", .path = &path, .plain = true, .answer_max = 4 * LIMIT_POD_LOG };
    TRY(kube_call(c, &call, &answer));
    if (answer.status == 400 || answer.status == 404)
        return NULL; /* "is waiting to start", "previous terminated container … not found", the pod is gone */
    if (answer.status != 200)
        return kube_unexpected(&answer, "cannot read the log of pod %s/%s", namespace, pod);
    if (is_kubelets_excuse(buf_text(&answer.text)))
        return NULL;
    keep_end(&answer.text);
    *out = answer.text;
    answer.text = (struct buf){ 0 };
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
    TRY(kube_call(c, &(struct kube_call){ .method = "GET", .path = &path }, &answer));
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
