/* tell: one event of a run that belongs to no single service; of one that does: job_tell. */
#ifndef PLAN_TELL_H
#define PLAN_TELL_H

#include "plan/request.h"

/* request_tell: stage may be NULL. */
void request_tell(const struct request *request, enum ui_kind kind, const char *stage, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#endif
