#include "kube/call.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/num.h"
#include "doc/doc.h"

#define TRIES 5                 /* of a server that answers */
#define TRIES_MS KUBE_OUTAGE_MS /* all tries of one call together */
#define FIRST_PAUSE_MS 250
#define DOUBLINGS 3

/* One try and what to make of it. */
struct attempt {
    struct http_response response;
    struct err *error; /* owned; no answer */
    bool again;
    int64_t pause_ms; /* what Retry-After asks for; 0: nothing */
};

static void attempt_release(struct attempt *a)
{
    http_response_release(&a->response);
    err_free(a->error);
    *a = (struct attempt){ 0 };
}

void kube_answer_release(struct kube_answer *a)
{
    doc_unref(a->body);
    buf_release(&a->text);
    *a = (struct kube_answer){ 0 };
}

struct err *kube_lost(const struct kube_client *c, enum http_failure failure, struct err *inner)
{
    switch (failure) {
    case HTTP_TLS_VERIFY:
        inner = err_because(RW5102_WRONG_CLUSTER, inner, "the API server at %s is not this cluster's", c->server);
        return err_state(inner, "nothing was sent to it");
    case HTTP_NOT_HTTP:
    case HTTP_TOO_LARGE:
        return err_because(RW5105_CLUSTER_PROTOCOL, inner, "cannot read the answer of the API server at %s", c->server);
    case HTTP_CUT:
        return err_because(RW5103_CLUSTER_UNREACHABLE, inner, "the API server at %s cut its answer", c->server);
    case HTTP_ANSWERED:
    case HTTP_CONNECT:
    case HTTP_TLS:
    case HTTP_ABANDONED:
        break;
    }
    return err_because(RW5103_CLUSTER_UNREACHABLE, inner, "cannot reach the API server at %s", c->server);
}

/* An apply or a read that failed within the server for a reason that passes. Everything else that
 * comes as 500 ("failed to create typed patch object") is a verdict on the object. */
static bool passing_500(const struct http_response *r)
{
    static const char *const words[] = { "webhook",          "etcd",
                                         "leader",           "timeout",
                                         "timed out",        "connection refused",
                                         "context deadline", "context canceled" };
    const char *text = buf_text(&r->body);
    if (strstr(text, "failed to create typed"))
        return false;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strstr(text, words[i]))
            return true;
    }
    return false;
}

/* Of a starting server's admission, whose own lists have not come yet (apiserver, admission/handler.go). */
static bool passing_403(const struct http_response *r)
{
    return strstr(buf_text(&r->body), "not yet ready to handle request") != NULL;
}

static bool status_passes(const struct http_response *r)
{
    switch (r->status) {
    case 403:
        return passing_403(r);
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
        return true;
    case 500:
        return passing_500(r);
    default:
        return false;
    }
}

static bool is_loss(enum http_failure failure)
{
    switch (failure) {
    case HTTP_CONNECT:
    case HTTP_TLS:
    case HTTP_CUT:
        return true;
    case HTTP_ANSWERED:
    case HTTP_TLS_VERIFY:
    case HTTP_NOT_HTTP:
    case HTTP_TOO_LARGE:
    case HTTP_ABANDONED:
        break;
    }
    return false;
}

/* By those who ask who it is and what that one may do (apiserver, responsewriters/errors.go); any other 403 comes from
 * an admission that looked at the object, and is a verdict. */
static bool is_refusal(const struct http_response *r)
{
    const char *text = buf_text(&r->body);
    return r->status == 401 || (r->status == 403 && strstr(text, "User \\\"") && strstr(text, " cannot "));
}

int64_t kube_retry_after_ms(const struct http_response *r)
{
    const char *after = http_response_header(r, "Retry-After", 0);
    int64_t seconds;
    return after && num_i64(after, 0, INT32_MAX, &seconds) ? seconds * 1000 : 0;
}

static bool refusal_passes(struct kube_client *c, const struct kube_call *call, const struct http_response *r)
{
    const char *path = buf_text(&call->path->text);
    AUTO_STR what = xasprintf("%s %.*s", call->method, (int)strcspn(path, "?"), path);
    if (is_refusal(r))
        return kube_common_excuses(c->common, what);
    if (http_response_ok(r))
        kube_common_served(c->common, what);
    return false;
}

static void judge_attempt(struct kube_client *c, const struct kube_call *call, struct attempt *a)
{
    if (a->error) {
        a->again = is_loss(a->response.failure) && (!call->probe || a->response.failure == HTTP_CUT);
        if (a->again && !call->probe)
            kube_common_lost(c->common);
        return;
    }
    a->again = status_passes(&a->response) || refusal_passes(c, call, &a->response);
    a->pause_ms = kube_retry_after_ms(&a->response);
}

static void tell_warnings(struct kube_client *c, const struct http_response *r)
{
    const char *value;
    for (size_t n = 0; (value = http_response_header(r, "Warning", n)) != NULL; n++) {
        if (!c->tell || !kube_common_is_news(c->common, value))
            continue;
        const char *from = strchr(value, '"');
        const char *end = strrchr(value, '"');
        bool quoted = from && end > from;
        AUTO_STR line = xasprintf("the API server warns: %.*s", quoted ? (int)(end - from - 1) : (int)strlen(value),
                                  quoted ? from + 1 : value);
        c->tell(c->tell_ctx, line);
    }
}

static void try_once(struct kube_client *c, const struct kube_call *call, const char *body, struct attempt *a)
{
    struct http_header headers[] = { { "Accept", call->plain ? "*/*" : "application/json" },
                                     { "Content-Type", call->content_type ? call->content_type : "application/json" } };
    struct http_request request = {
        .method = call->method,
        .path = call->path,
        .headers = headers,
        .header_count = body ? 2 : 1,
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .wait = { clock_after(KUBE_CALL_MS), c->cancel },
        .answer_max = call->answer_max,
    };
    int fault = call->writes ? fault_point("kube.write", NULL) : 0;
    a->error =
        fault ? err_sys(RW9003_SOCKET, fault, "a request was not sent") : http_do(c->http, &request, &a->response);
    if (!a->error)
        tell_warnings(c, &a->response);
    judge_attempt(c, call, a);
}

/* 0.25 s and twice as much each time, a random part of it: several rwml that were turned away together must
 * not come back together. */
static int64_t pause_before(int try_number, int64_t asked_ms)
{
    int64_t full = FIRST_PAUSE_MS << (try_number <= DOUBLINGS ? try_number - 1 : DOUBLINGS);
    uint64_t mixed = (uint64_t)clock_ms() * UINT64_C(0x9e3779b97f4a7c15) >> 33;
    int64_t jittered = full / 2 + (int64_t)(mixed % (uint64_t)(full / 2 + 1));
    return asked_ms > jittered ? asked_ms : jittered;
}

static struct err *pause_for_next(struct kube_client *c, const struct attempt *a, int64_t pause_ms)
{
    if (c->tell) {
        AUTO_STR status = a->error ? NULL : xasprintf("answers %d", a->response.status);
        AUTO_STR line = xasprintf("the API server %s; trying again in %" PRId64 ".%" PRId64 " s",
                                  status ? status : "gave no answer", pause_ms / 1000, pause_ms % 1000 / 100);
        c->tell(c->tell_ctx, line);
    }
    return cancel_sleep(c->cancel, clock_after(pause_ms));
}

static struct err *read_answer(struct kube_client *c, const struct kube_call *call, struct http_response *r,
                               struct kube_answer *out)
{
    *out = (struct kube_answer){ .status = r->status, .text = BUF_INIT(r->body.max) };
    bool ok = http_response_ok(r);
    if (!call->plain || !ok) {
        struct err *e = doc_parse_json(buf_text(&r->body), r->body.len, "the answer", &out->body);
        if (!e)
            return NULL;
        if (ok)
            return err_because(RW5105_CLUSTER_PROTOCOL, e, "cannot read the answer of the API server at %s", c->server);
        err_ignore(e, "the error answers of proxies and of flow control are plain text");
    }
    out->text = r->body;
    r->body = (struct buf){ 0 };
    return NULL;
}

/* What is left when a passing failure does not pass. */
static struct err *gave_up(struct kube_client *c, struct attempt *a, const struct kube_answer *answer, int tries)
{
    if (a->error)
        return kube_lost(c, a->response.failure, STEAL(&a->error));
    AUTO_STR words = kube_answer_words(answer);
    enum err_code code = answer->status == 500 ? RW5104_CLUSTER_REFUSED : RW5103_CLUSTER_UNREACHABLE;
    struct err *e = err_new(code, "the API server at %s can't serve us now", c->server);
    if (a->pause_ms > KUBE_RETRY_AFTER_MAX_MS)
        return err_cause(e, "%d: it asks to wait %" PRId64 " s", answer->status, a->pause_ms / 1000);
    return err_cause(e, "%d after %d tries: %s", answer->status, tries, words);
}

static struct err *finish(struct kube_client *c, const struct kube_call *call, struct attempt *a, int tries,
                          struct kube_answer *out)
{
    if (a->error)
        return gave_up(c, a, NULL, tries);
    struct kube_answer answer;
    TRY(read_answer(c, call, &a->response, &answer));
    struct err *e = NULL;
    if (a->again && answer.status != 401 && answer.status != 403)
        e = gave_up(c, a, &answer, tries);
    else if (answer.status == 401)
        e = err_cause(
            err_new(RW5104_CLUSTER_REFUSED, "the API server at %s does not accept our credentials", c->server),
            "401 Unauthorized");
    if (e)
        kube_answer_release(&answer);
    else
        *out = answer;
    return e;
}

struct err *kube_call(struct kube_client *c, const struct kube_call *call, struct kube_answer *out)
{
    *out = (struct kube_answer){ 0 };
    struct err *refused = http_path_check(call->path);
    if (refused)
        return err_because(RW5001_OBJECT_INVALID, refused, "a name can't be part of an API path");
    AUTO_STR body = call->body ? doc_dump(call->body) : NULL;
    int64_t give_up_ms = clock_after(TRIES_MS);
    bool renewed = false;
    for (int tries = 1;; tries++) {
        AUTO(attempt) a = { 0 };
        TRY(kube_client_stay_logged_in(c));
        try_once(c, call, body, &a);
        if (!a.error && a.response.status == 401 && !renewed) {
            TRY(kube_client_renew(c, c->login, &renewed));
            if (renewed)
                continue;
            renewed = true;
        }
        int64_t pause_ms = pause_before(tries, a.pause_ms);
        bool too_long = a.pause_ms > KUBE_RETRY_AFTER_MAX_MS || clock_after(pause_ms) > give_up_ms;
        bool too_often = tries >= TRIES && !is_refusal(&a.response) && !kube_common_lost_lately(c->common);
        if (!a.again || call->once || too_often || too_long)
            return finish(c, call, &a, tries, out);
        TRY(pause_for_next(c, &a, pause_ms));
    }
}

char *kube_answer_words(const struct kube_answer *a)
{
    const char *message = doc_text(a->body, "/message");
    if (message && *message)
        return xstrdup(message);
    const char *text = buf_text(&a->text);
    size_t len = strcspn(text, "\r\n");
    if (len > 0 && text[0] != '<')
        return xstrndup(text, len);
    return xasprintf("HTTP %d", a->status);
}

struct err *kube_unexpected(const struct kube_answer *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR doing = xvasprintf(fmt, ap);
    va_end(ap);
    AUTO_STR words = kube_answer_words(a);
    enum err_code code = a->status == 403 ? RW5104_CLUSTER_REFUSED : RW5105_CLUSTER_PROTOCOL;
    return err_cause(err_new(code, "%s", doing), "%d: %s", a->status, words);
}

bool kube_is_forbidden(const struct err *e)
{
    const char *cause = e && err_get_code(e) == RW5104_CLUSTER_REFUSED ? err_get_cause(e) : NULL;
    return cause && str_starts(cause, "403: ");
}

/* The built-in kinds of the core group live below /api, all others below /apis. */
struct err *kube_path(struct kube_client *c, struct kube_id id, struct http_path *path)
{
    struct kube_kind kind;
    TRY(kube_kind_find(c, id.api_version, id.kind, &kind));
    if (kind.namespaced && id.name && !id.namespace)
        return err_new(RW5001_OBJECT_INVALID, "%s %s has no namespace", id.kind, id.name);
    http_path_fixed(path, strchr(id.api_version, '/') ? "/apis" : "/api");
    http_path_segments(path, id.api_version);
    if (kind.namespaced && id.namespace) {
        http_path_fixed(path, "/namespaces");
        http_path_segment(path, id.namespace);
    }
    http_path_segment(path, kind.plural);
    if (id.name)
        http_path_segment(path, id.name);
    return NULL;
}
