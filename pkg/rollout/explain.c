#include "rollout/explain.h"

#include <inttypes.h>
#include <stdlib.h>
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

/* The last words, and the place in the user's own files that they lead to; NULL without. */
static void read_output(const struct rollout_follow *how, const char *output, size_t len, char **words, char **place)
{
    AUTO(rollout_words) w;
    rollout_words_read(output, len, &w);
    AUTO_STR own = w.file && how->locate ? how->locate(how->ctx, w.file, w.line, w.source) : NULL;
    *place = own ? xasprintf("%s:%" PRId64, own, w.line) : NULL;
    *words = w.file ? xasprintf("%s at %s:%" PRId64, w.text, own ? own : w.file, w.line) : STEAL(&w.text);
}

static struct err *add_cause(struct err *e, const struct rollout_verdict *v, const char *words)
{
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
    const char *applied = t->applied ? t->applied : "new version applied";
    if (is_kind(t, "Job") || is_kind(t, "Pod") || is_kind(t, "PersistentVolumeClaim"))
        return err_state(e, "%s", applied);
    if (v->old_ready > 0)
        return err_state(e, "%s; old pods still serve (%d ready)", applied, v->old_ready);
    if (v->settled > 0)
        return err_state(e, "%s; %d of %d of its pods are ready", applied, v->settled, v->wanted);
    if (v->ready > 0)
        return err_state(e, "%s; no pod has settled", applied);
    return err_state(e, "%s; no pod serves", applied);
}

static struct err *add_next(struct err *e, const struct rollout_target *t, const struct rollout_verdict *v)
{
    const char *ns = t->id.namespace ? t->id.namespace : "default";
    if (v->paused) /* then kubectl undoes nothing either */
        return err_next(e, "kubectl -n %s rollout resume deployment/%s", ns, t->id.name);
    if (v->stuck)
        return err_next(e, "kubectl -n %s delete pod %s", ns, v->stuck);
    if (v->pod && v->container)
        e = err_next(e, "kubectl -n %s logs %s -c %s%s", ns, v->pod, v->container,
                     v->log_previous ? " --previous" : "");
    else if (v->pod)
        e = err_next(e, "kubectl -n %s describe pod %s", ns, v->pod);
    else
        e = err_next(e, "kubectl -n %s describe %s %s", ns, t->id.kind, t->id.name);
    if (v->old_ready == 0 || !is_kind(t, "Deployment") || str_eq(t->back, ""))
        return e;
    AUTO_STR undo = xasprintf("kubectl -n %s rollout undo deployment/%s", ns, t->id.name);
    return err_next(e, "%s   (back to the old version)", t->back ? t->back : undo);
}

struct err *explain_with(const struct rollout_target *t, const struct rollout_verdict *v,
                         const struct rollout_follow *how, const char *output, size_t len)
{
    AUTO_STR what = kube_id_text(t->id);
    AUTO_STR words = NULL;
    AUTO_STR place = NULL;
    if (v->container)
        read_output(how, output, len, &words, &place);
    struct err *e = err_new(v->code, "%s: %s", what, v->reason);
    e = add_next(add_state(add_cause(e, v, words), t, v), t, v);
    AUTO(buf) excerpt = BUF_INIT(len + LOG_LINES);
    rollout_excerpt(output, len, LOG_LINES, &excerpt);
    if (v->container && excerpt.len > 0)
        e = err_detail(e, excerpt.bytes, excerpt.len);
    return err_at(e, "%s", place ? place : what);
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

struct err *explain(struct kube_client *c, const struct rollout_target *t, const struct rollout_verdict *v,
                    const struct rollout_follow *how)
{
    AUTO(buf) output = { 0 };
    if (v->container && v->pod)
        err_ignore(fetch(c, t, v, &output), "the verdict is told without the output, too");
    return explain_with(t, v, how, buf_text(&output), output.len);
}
