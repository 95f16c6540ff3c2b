/* instances: what there is to read of a container's log. Pure.
 *
 * A container has instances, 0, 1, 2 …, one after each restart (status.restartCount). The server gives the log
 * of the last one, running or not, and with `previous` that of the one before; the others are gone (kubelet,
 * validateContainerLogStatus).
 */
#ifndef PODS_INSTANCES_H
#define PODS_INSTANCES_H

#include "doc/tree.h"

/* What the pod's status says of one container. Ends are status.state.terminated and the like; borrowed. */
struct log_instances {
    int64_t current;            /* whose log is given by default; -1: none has started yet */
    bool ended;                 /* that one has */
    bool has_previous;          /* `previous` gives the log of the one before */
    const json_t *end;          /* of the current one; NULL: it runs */
    const json_t *previous_end; /* may be NULL */
};
void log_instances_read(const json_t *pod, const char *container, struct log_instances *out);

/* log_next: what to read next of a container of which the first `done` instances were read to their ends. */
enum log_next { LOG_NEXT_NOTHING, LOG_NEXT_CURRENT, LOG_NEXT_PREVIOUS };
struct log_reading {
    enum log_next what;
    int64_t instance;
    bool last;    /* of an instance that has ended: what is read now is all */
    int64_t lost; /* instances before it whose logs are gone */
};
struct log_reading log_next(const struct log_instances *i, int64_t done);

#endif
