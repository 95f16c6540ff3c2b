#include "plan/tell.h"

void request_tell(const struct request *request, enum ui_kind kind, const char *stage, const char *fmt, ...)
{
    const struct ui_event event = { .kind = kind, .stage = stage, .elapsed_ms = -1 };
    va_list ap;
    va_start(ap, fmt);
    ui_vtell(request->ui, &event, fmt, ap);
    va_end(ap);
}

void service_tell(const struct request *request, enum ui_kind kind, const char *service, const char *stage,
                  const char *fmt, ...)
{
    const struct ui_event event = { .kind = kind, .service = service, .stage = stage, .elapsed_ms = -1 };
    va_list ap;
    va_start(ap, fmt);
    ui_vtell(request->ui, &event, fmt, ap);
    va_end(ap);
}

void object_tell(const struct request *request, enum ui_kind kind, const struct tell_object *what, json_t *more_steal,
                 const char *fmt, ...)
{
    DOC_AUTO fields = doc_object();
    const char *key;
    json_t *value;
    doc_set_key(fields, "object", doc_string(what->object));
    doc_set_key(fields, "action", doc_string(what->action));
    DOC_EACH_KEY (more_steal, key, value)
        doc_set_key(fields, key, doc_ref(value));
    doc_unref(more_steal);
    const struct ui_event event = { kind, what->service, what->stage, -1, fields };
    va_list ap;
    va_start(ap, fmt);
    ui_vtell(request->ui, &event, fmt, ap);
    va_end(ap);
}

void result_tell(const struct request *request, const char *service, const char *stage, json_t *fields_steal,
                 const char *fmt, ...)
{
    DOC_AUTO fields = fields_steal;
    const struct ui_event event = { UI_RESULT, service, stage, -1, fields };
    va_list ap;
    va_start(ap, fmt);
    ui_vtell(request->ui, &event, fmt, ap);
    va_end(ap);
}
