#include "plan/tell.h"

void request_tell(const struct request *request, enum ui_kind kind, const char *stage, const char *fmt, ...)
{
    const struct ui_event event = { .kind = kind, .stage = stage, .elapsed_ms = -1 };
    va_list ap;
    va_start(ap, fmt);
    ui_vtell(request->ui, &event, fmt, ap);
    va_end(ap);
}
