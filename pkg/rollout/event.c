#include "rollout/finding.h"

const json_t *event_newest(const struct rollout_snapshot *s, const char *uid, const char *reason, const char *start)
{
    const json_t *newest = NULL;
    size_t i;
    json_t *event;
    DOC_EACH_ITEM (s->events, i, event) {
        const char *message = doc_text(event, "/message");
        if (uid && str_eq(doc_text(event, "/involvedObject/uid"), uid) && str_eq(doc_text(event, "/reason"), reason) &&
            (!start || (message && str_starts(message, start))))
            newest = event;
    }
    return newest;
}

/* As kube_events sorts them: the first time that is there. */
int64_t event_age_s(const json_t *event, int64_t now_s)
{
    static const char *const pointers[] = { "/series/lastObservedTime", "/lastTimestamp", "/eventTime",
                                            "/metadata/creationTimestamp" };
    int64_t age_s = -1;
    for (size_t i = 0; i < COUNT_OF(pointers) && age_s < 0; i++)
        age_s = seconds_since(event, pointers[i], now_s);
    return age_s;
}

bool event_is_refuted(const json_t *event, const json_t *by, int64_t now_s)
{
    int64_t age_s = event_age_s(event, now_s);
    int64_t by_age_s = event_age_s(by, now_s);
    return age_s >= 0 && by_age_s >= 0 && by_age_s <= age_s;
}
