/* tell: one event of a run that belongs to no single service; of one that does: job_tell. For pkg/flow only. */
#ifndef FLOW_TELL_H
#define FLOW_TELL_H

#include "flow/flow.h"

/* request_tell: stage may be NULL. */
void request_tell(const struct flow_request *request, enum ui_kind kind, const char *stage, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#endif
