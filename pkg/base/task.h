/* task: work that runs side by side and is always joined.
 *
 * task_all calls run(items + i*size) for each of count items, on a thread each (at most width at
 * a time), and returns when all have returned: no task outlives the call, also on error. A task
 * owns its item, shares nothing else that changes, and leaves its result in the item. */
#ifndef BASE_TASK_H
#define BASE_TASK_H

#include "base/err.h"

/* Errors of the tasks are joined in the order of the items. The calling thread works, too, so
 * where no further thread can be made everything still runs, less of it at once. */
struct err *task_all(void *items, size_t count, size_t size, size_t width, struct err *(*run)(void *item)) MUST_USE;

#endif
