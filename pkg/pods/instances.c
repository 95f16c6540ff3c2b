#include "pods/instances.h"

static const json_t *find_status(const json_t *pod, const char *container)
{
    static const char *const lists[] = { "/status/initContainerStatuses", "/status/containerStatuses",
                                         "/status/ephemeralContainerStatuses" };
    const json_t *found = NULL;
    for (size_t i = 0; !found && i < COUNT_OF(lists); i++)
        found = doc_find(doc_get(pod, lists[i]), "/name", container);
    return found;
}

void log_instances_read(const json_t *pod, const char *container, struct log_instances *out)
{
    const json_t *status = find_status(pod, container);
    const json_t *running = doc_get(status, "/state/running"), *ended = doc_get(status, "/state/terminated");
    const json_t *before = doc_get(status, "/lastState/terminated");
    bool waits = !running && !ended;
    *out = (struct log_instances){
        .current = waits && !before ? -1 : doc_i64(status, "/restartCount", 0),
        .ended = !running,
        .has_previous = !waits && before,
        .end = waits ? before : ended,
        .previous_end = waits ? NULL : before,
    };
}

struct log_reading log_next(const struct log_instances *i, int64_t done)
{
    if (done > i->current)
        return (struct log_reading){ .what = LOG_NEXT_NOTHING };
    if (done < i->current && i->has_previous)
        return (struct log_reading){ LOG_NEXT_PREVIOUS, i->current - 1, true, i->current - 1 - done };
    return (struct log_reading){ LOG_NEXT_CURRENT, i->current, i->ended, i->current - done };
}
