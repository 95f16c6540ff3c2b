#include "plan/user_config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/limits.h"
#include "doc/doc.h"

static struct err *read_config(const struct doc *d, struct user_config *out)
{
    static const char *const known[] = { "context" };
    const json_t *object = NULL;
    const char *context = NULL;
    size_t line, column;
    TRY(doc_need_object(d, "", &object));
    TRY(doc_check_keys(d, "", known, COUNT_OF(known)));
    TRY(doc_want_text(d, "/context", &context));
    if (!context || !*context)
        return NULL;
    doc_where(d, "/context", &line, &column);
    out->context = xstrdup(context);
    out->where = xasprintf("%s:%zu:%zu", d->file, line, column);
    return NULL;
}

struct err *user_config_load(const char *folder, struct user_config *out)
{
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    AUTO(doc) d = { 0 };
    *out = (struct user_config){ 0 };
    if (!folder)
        return NULL;
    AUTO_STR path = fs_join(folder, "config.yaml");
    struct err *e = fs_read(AT_FDCWD, path, LIMIT_CONFIG, &text);
    if (e && err_errno(e) == ENOENT) {
        err_ignore(e, "the file is optional");
        return NULL;
    }
    if (e)
        return err_because(RW1001_CONFIG_UNREADABLE, e, "cannot read %s", path);
    TRY(doc_parse_yaml_one(buf_text(&text), text.len, path, &d));
    return read_config(&d, out);
}

void user_config_release(struct user_config *c)
{
    free(c->context);
    free(c->where);
    *c = (struct user_config){ 0 };
}
