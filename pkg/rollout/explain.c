#include "rollout/explain.h"

#include <string.h>

#include "kube/pod.h"
#include "rollout/words.h"

#define LOG_LINES 20  /* shown: enough for a Python traceback of a few frames */
#define LOG_LOOKED 60 /* fetched: a traceback's head may lie before them */

/* Events end in what a probe printed, its line breaks included. */
static char *one_line(const char *text)
{
    char *line = xstrdup(text);
    size_t len = line ? strlen(line) : 0;
    while (len > 0 && strchr(" \r\n", line[len - 1]))
        line[--len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '\n')
            line[i] = ' ';
    }
    return line;
}

static struct err *add_cause(struct err *e, const struct rollout_verdict *v, const char *output, size_t len)
{
    AUTO_STR words = v->container ? rollout_last_words(output, len) : NULL;
    AUTO_STR cause = one_line(v->cause);
    if (cause && words)
        return err_cause(e, "%s; last output: %s", cause, words);
    if (words)
        return err_cause(e, "last output: %s", words);
    if (cause)
        return err_cause(e, "%s", cause);
    return v->container && v->exit_code >= 0 ? err_cause(e, "it printed nothing before it ended") : e;
}

static bool is_kind(const struct rollout_target *t, const char *kind)
{
    return str_eq(t->id.kind, kind);
}

static struct err *add_state(struct err *e, const struct rollout_target *t, const struct rollout_verdict *v)
{
    if (is_kind(t, "Job") || is_kind(t, "Pod"))
        return err_state(e, "new version applied");
    if (v->old_ready > 0)
        return err_state(e, "new version applied; old pods still serve (%d ready)", v->old_ready);
    if (v->ready > 0)
        return err_state(e, "new version applied; %d of %d of its pods are ready", v->ready, v->wanted);
    return err_state(e, "new version applied; no pod serves");
}

static struct err *add_next(struct err *e, const struct rollout_target *t, const struct rollout_verdict *v)
{
    const char *ns = t->id.namespace ? t->id.namespace : "default";
    if (v->paused) /* then kubectl undoes nothing either */
        return err_next(e, "kubectl -n %s rollout resume deployment/%s", ns, t->id.name);
    if (v->pod && v->container)
        e = err_next(e, "kubectl -n %s logs %s -c %s%s", ns, v->pod, v->container,
                     v->log_previous ? " --previous" : "");
    else if (v->pod)
        e = err_next(e, "kubectl -n %s describe pod %s", ns, v->pod);
    else
        e = err_next(e, "kubectl -n %s describe %s %s", ns, t->id.kind, t->id.name);
    if (v->old_ready > 0 && is_kind(t, "Deployment"))
        e = err_next(e, "kubectl -n %s rollout undo deployment/%s   (back to the old version)", ns, t->id.name);
    return e;
}

struct err *explain_with(const struct rollout_target *t, const struct rollout_verdict *v, const char *output,
                         size_t len)
{
    AUTO_STR what = kube_id_text(t->id);
    struct err *e = err_new(v->code, "%s: %s", what, v->reason);
    e = add_next(add_state(add_cause(e, v, output, len), t, v), t, v);
    size_t from = rollout_tail(output, len, LOG_LINES);
    if (v->container && len > from)
        e = err_detail(e, output + from, len - from);
    return err_at(e, "%s", what);
}

static struct err *fetch(struct kube_client *c, const struct rollout_target *t, const struct rollout_verdict *v,
                         struct buf *out)
{
    TRY(kube_logs(c, t->id.namespace, v->pod, v->container, v->log_previous, LOG_LOOKED, out));
    if (out->len > 0)
        return NULL;
    buf_release(out);
    return kube_logs(c, t->id.namespace, v->pod, v->container, !v->log_previous, LOG_LOOKED, out);
}

struct err *explain(struct kube_client *c, const struct rollout_target *t, const struct rollout_verdict *v)
{
    AUTO(buf) output = { 0 };
    if (v->container && v->pod)
        err_ignore(fetch(c, t, v, &output), "the verdict is told without the output, too");
    return explain_with(t, v, buf_text(&output), output.len);
}
