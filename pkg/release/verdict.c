#include "release/verdict.h"

#include <string.h>

#include "base/clock.h"
#include "plan/tell.h"
#include "workspace/source.h"

static void on_change(void *ctx, const struct rollout_target *target, const struct rollout_verdict *verdict)
{
    const struct verdict_ask *ask = ctx;
    enum ui_kind kind = verdict->outcome == ROLLOUT_PROGRESSING ? UI_PROGRESS : UI_STEP;
    AUTO_STR name = kube_id_text(target->id);
    service_tell(ask->request, kind, ask->service, ask->stage, "%s: %s", name, verdict->reason);
}

static char *crash_words(const struct rollout_crash *crash)
{
    if (crash->out_of_memory)
        return xstrdup("was killed for lack of memory");
    return crash->exit_code == 0 ? xstrdup("ended by itself (exit 0)")
                                 : xasprintf("crashed (exit %d)", crash->exit_code);
}

static void tell_output(const struct verdict_ask *ask, const char *output, size_t len)
{
    for (const char *at = output, *end = output + len; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        service_tell(ask->request, UI_NOTE, ask->service, ask->stage, "| %.*s", (int)(stop - at), at);
        at = stop + 1;
    }
}

/* Told while it may still recover: who sees why need not wait for the verdict. */
static void on_crash(void *ctx, const struct rollout_target *target, const struct rollout_crash *crash,
                     const char *output, size_t len)
{
    const struct verdict_ask *ask = ctx;
    AUTO_STR name = kube_id_text(target->id);
    AUTO_STR words = crash_words(crash);
    DOC_AUTO fields = doc_object();
    doc_set_text(fields, "/pod", crash->pod);
    doc_set_text(fields, "/container", crash->container);
    doc_set(fields, "/exit_code", doc_integer(crash->exit_code));
    const struct ui_event event = { UI_NOTE, ask->service, ask->stage, -1, fields };
    ui_tell(ask->request->ui, &event, "%s: container \"%s\" of pod %s %s%s%s", name, crash->container, crash->pod,
            words, crash->is_final ? "" : "; it is tried again", len ? "; it printed last:" : "");
    tell_output(ask, output, len);
}

static char *locate(void *ctx, const char *path, int64_t line, const char *source)
{
    const struct verdict_ask *ask = ctx;
    return ask->workspace ? workspace_source(ask->workspace, ask->source, path, line, source) : NULL;
}

struct err *verdict_follow(const struct verdict_ask *ask, struct kube_client *kube,
                           const struct rollout_target *targets, size_t count, int *proved)
{
    struct verdict_ask asked = *ask;
    struct rollout_follow how = {
        .options = ROLLOUT_OPTIONS_DEFAULT,
        .deadline_ms = clock_after(ask->request->timeout_ms),
        .cancel = ask->request->cancel,
        .on_change = on_change,
        .on_crash = on_crash,
        .locate = locate,
        .ctx = &asked,
        .proved = proved,
    };
    how.options.settle_ms = ask->request->settle_ms;
    return count ? rollout_follow(kube, targets, count, &how) : NULL;
}

bool verdict_is_failure(const struct err *e)
{
    enum err_code code = e ? err_get_code(e) : 0;
    return code >= RW6101_CONTAINER_CANNOT_START && code <= RW6301_OTHER_IMAGE_RUNS;
}
