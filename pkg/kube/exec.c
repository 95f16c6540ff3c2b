#include "kube/exec.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "doc/doc.h"
#include "kube/channels.h"

static const char V5[] = "v5.channel.k8s.io";

/* remotecommand/constants.go. */
enum { CHANNEL_INPUT, CHANNEL_OUTPUT, CHANNEL_ERROR_OUTPUT, CHANNEL_STATUS, CHANNEL_SIZE };

struct kube_exec {
    struct kube_channels *channels;
    struct kube_exec_taker taker;
    struct buf status; /* as far as it has come */
    struct kube_exec_end end;
};

void kube_exec_end_release(struct kube_exec_end *e)
{
    free(e->words);
    *e = (struct kube_exec_end){ 0 };
}

/* ---------------------------------------------------------------- the status */

/* What runc, crun and the kernel say of a program that can't be started, as a shell would end then. */
static int code_of_words(const char *words)
{
    static const struct {
        const char *words;
        int code;
    } rows[] = { { "executable file not found", 127 },
                 { "no such file or directory", 127 },
                 { "permission denied", 126 },
                 { "exec format error", 126 },
                 { "is a directory", 126 } };
    for (size_t i = 0; words && i < COUNT_OF(rows); i++)
        if (strcasestr(words, rows[i].words))
            return rows[i].code;
    return 0;
}

/* What the runtime itself says, without all those who hand it on. Owned; NULL gives NULL. */
static char *innermost(const char *words)
{
    static const char runtime[] = "OCI runtime exec failed: ", last[] = ": unknown";
    const char *from = words ? strstr(words, runtime) : NULL;
    if (!from)
        return xstrdup(words);
    from += strlen(runtime);
    size_t len = strlen(from);
    return xstrndup(from, str_ends(from, last) ? len - strlen(last) : len);
}

static int exit_code_of(const json_t *status)
{
    int64_t code = -1;
    const json_t *cause = doc_find(doc_get(status, "/details/causes"), "/reason", "ExitCode");
    const char *text = doc_text(cause, "/message");
    return text && num_i64(text, 0, 255, &code) ? (int)code : -1;
}

void kube_exec_read_status(const char *text, size_t len, struct kube_exec_end *out)
{
    DOC_AUTO status = NULL;
    *out = (struct kube_exec_end){ .outcome = KUBE_EXEC_LOST };
    err_ignore(doc_parse_json(text, len, "the status", &status), "without a status nobody knows how it ended");
    const char *verdict = doc_text(status, "/status");
    int code = exit_code_of(status);
    out->words = innermost(doc_text(status, "/message"));
    if (str_eq(verdict, "Success")) {
        out->outcome = KUBE_EXEC_EXITED;
    } else if (str_eq(verdict, "Failure") && code >= 0) {
        out->outcome = KUBE_EXEC_EXITED;
        out->code = code;
    } else if (str_eq(verdict, "Failure")) {
        out->outcome = KUBE_EXEC_NOT_STARTED;
        out->code = code_of_words(out->words);
    }
}

/* ---------------------------------------------------------------- life */

static struct err *on_bytes(void *ctx, unsigned channel, const void *bytes, size_t len, bool begins)
{
    struct kube_exec *x = ctx;
    (void)begins;
    if (len == 0)
        return NULL;
    if (channel == CHANNEL_OUTPUT || channel == CHANNEL_ERROR_OUTPUT)
        return x->taker.on_output(x->taker.ctx, channel == CHANNEL_ERROR_OUTPUT, bytes, len);
    if (channel == CHANNEL_STATUS && !buf_append(&x->status, bytes, len))
        return err_new(RW5105_CLUSTER_PROTOCOL, "the status of a command is above %zu bytes", x->status.max);
    return NULL;
}

static void add_query(struct http_path *path, const struct kube_exec_query *q)
{
    http_path_fixed(path, "/api/v1/namespaces");
    http_path_segment(path, q->namespace);
    http_path_fixed(path, "/pods");
    http_path_segment(path, q->pod);
    http_path_fixed(path, "/exec");
    http_path_query(path, "container", q->container);
    http_path_query(path, "stdout", "true");
    http_path_query(path, "stderr", q->tty ? "false" : "true");
    http_path_query(path, "stdin", q->input ? "true" : "false");
    http_path_query(path, "tty", q->tty ? "true" : "false");
    for (size_t i = 0; i < q->command->count; i++)
        http_path_query(path, "command", q->command->items[i]);
}

static struct err *refused(const struct kube_answer *answer, const struct kube_exec_query *q)
{
    AUTO_STR words = kube_answer_words(answer);
    if (answer->status == 404)
        return err_cause(err_new(RW6403_POD_GONE, "pod %s/%s is no longer there", q->namespace, q->pod), "404: %s",
                         words);
    struct err *e = kube_unexpected(answer, "cannot run a command in pod %s/%s", q->namespace, q->pod);
    return answer->status == 403 ? err_next(e, "kubectl -n %s auth can-i create pods/exec", q->namespace) : e;
}

struct err *kube_exec_open(struct kube_client *c, const struct kube_exec_query *query, struct kube_exec_taker taker,
                           struct kube_exec **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(kube_answer) answer = { 0 };
    AUTO_PTR(kube_exec) x = xcalloc(1, sizeof *x);
    x->taker = taker;
    x->status = BUF_INIT(LIMIT_HTTP_HEAD);
    add_query(&path, query);
    TRY(kube_channels_open(c, &path, "v5.channel.k8s.io, v4.channel.k8s.io", (struct kube_channel_taker){ on_bytes, x },
                           &answer, &x->channels));
    if (!x->channels)
        return refused(&answer, query);
    *out = STEAL(&x);
    return NULL;
}

void kube_exec_free(struct kube_exec *x)
{
    if (!x)
        return;
    kube_channels_free(x->channels);
    kube_exec_end_release(&x->end);
    buf_release(&x->status);
    free(x);
}

/* ---------------------------------------------------------------- both ways */

struct err *kube_exec_send(struct kube_exec *x, const void *bytes, size_t len)
{
    return kube_channels_send(x->channels, CHANNEL_INPUT, bytes, len);
}

size_t kube_exec_backlog(const struct kube_exec *x)
{
    return http_websocket_backlog(kube_channels_websocket(x->channels));
}

struct err *kube_exec_end_input(struct kube_exec *x, bool *told)
{
    static const unsigned char channel = CHANNEL_INPUT;
    *told = kube_channels_speak(x->channels, V5);
    return *told ? kube_channels_send(x->channels, KUBE_CHANNEL_END, &channel, 1) : NULL;
}

struct err *kube_exec_resize(struct kube_exec *x, unsigned columns, unsigned rows)
{
    AUTO_STR text = xasprintf("{\"Width\":%u,\"Height\":%u}", columns, rows);
    return kube_channels_send(x->channels, CHANNEL_SIZE, text, strlen(text));
}

struct net_poll kube_exec_poll(const struct kube_exec *x)
{
    return http_websocket_poll(kube_channels_websocket(x->channels));
}

bool kube_exec_is_ready(const struct kube_exec *x)
{
    return http_websocket_is_ready(kube_channels_websocket(x->channels));
}

static void look_for_end(struct kube_exec *x)
{
    bool over = http_websocket_state(kube_channels_websocket(x->channels)) != HTTP_WEBSOCKET_OPEN;
    if (x->end.outcome == KUBE_EXEC_RUNS && over)
        kube_exec_read_status(buf_text(&x->status), x->status.len, &x->end);
}

struct err *kube_exec_step(struct kube_exec *x, int64_t *next_ms)
{
    struct err *e = kube_channels_step(x->channels, next_ms);
    if (e && x->status.len > 0) {
        err_ignore(e, "all was said before the connection broke");
        kube_exec_read_status(buf_text(&x->status), x->status.len, &x->end);
        return NULL;
    }
    TRY(e);
    look_for_end(x);
    return NULL;
}

const struct kube_exec_end *kube_exec_end(const struct kube_exec *x)
{
    return &x->end;
}
