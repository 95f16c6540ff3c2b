/* tell: one event of a run, where there is no job to tell it (job_tell). */
#ifndef PLAN_TELL_H
#define PLAN_TELL_H

#include "plan/request.h"

/* request_tell: stage may be NULL. */
void request_tell(const struct request *request, enum ui_kind kind, const char *stage, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* service_tell: the same of a service that has no job. */
void service_tell(const struct request *request, enum ui_kind kind, const char *service, const char *stage,
                  const char *fmt, ...) PRINTF_LIKE(5, 6);

/* object_tell: the same of one object, with two keys for programs, "object" and "action", what is done with it, before
 * those of `more` (may be NULL). */
struct tell_object {
    const char *service;
    const char *stage;
    const char *object; /* "Deployment shop/api" */
    const char *action; /* "removed" */
};
void object_tell(const struct request *request, enum ui_kind kind, const struct tell_object *what, json_t *more_steal,
                 const char *fmt, ...) PRINTF_LIKE(5, 6);

/* result_tell: a result of a service, with keys for programs. */
void result_tell(const struct request *request, const char *service, const char *stage, json_t *fields_steal,
                 const char *fmt, ...) PRINTF_LIKE(5, 6);

#endif
