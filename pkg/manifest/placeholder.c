#include "manifest/placeholder.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "manifest/values.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* What stands at a dollar. */
enum dollar { DOLLAR_PLAIN, DOLLAR_ESCAPED, DOLLAR_PLACEHOLDER };

static enum dollar dollar_at(const char *at)
{
    if (at[1] == '{')
        return DOLLAR_PLACEHOLDER;
    return at[1] == '$' && at[2] != '(' ? DOLLAR_ESCAPED : DOLLAR_PLAIN;
}

/* The length of a plain dollar: "$$(" is passed over whole, so that its second dollar is not read. */
static size_t plain_length(const char *at)
{
    return at[1] == '$' ? 2 : 1;
}

/* body: behind "${". Gives the place of the "}", NULL and *why when it is malformed. */
static const char *read_body(const char *body, struct placeholder *out, const char **why)
{
    const char *close = strchr(body, '}');
    size_t len = strspn(body, NAME_CHARACTERS);
    if (!close)
        *why = "a \"${\" has no \"}\"";
    else if (!variable_name_ok(body, len))
        *why = "behind \"${\" a name is wanted: letters, digits and \"_\"";
    else if (body[len] != '}' && !str_starts(body + len, ":-"))
        *why = "only ${NAME} and ${NAME:-default} are understood";
    else if (memmem(body, (size_t)(close - body), "${", 2))
        *why = "a default can't hold another \"${\"";
    else {
        out->name = xstrndup(body, len);
        out->fallback = body[len] == ':' ? xstrndup(body + len + 2, (size_t)(close - body) - len - 2) : NULL;
        return close;
    }
    return NULL;
}

bool placeholders_read(const char *text, struct placeholders *out, const char **why)
{
    for (const char *at = strchr(text, '$'); at; at = strchr(at, '$')) {
        switch (dollar_at(at)) {
        case DOLLAR_ESCAPED:
            at += 2;
            continue;
        case DOLLAR_PLAIN:
            at += plain_length(at);
            continue;
        case DOLLAR_PLACEHOLDER:
            break;
        }
        struct placeholder p = { 0 };
        at = read_body(at + 2, &p, why);
        if (!at)
            return false;
        out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
        out->items[out->count++] = p;
    }
    return true;
}

void placeholders_release(struct placeholders *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].name);
        free(p->items[i].fallback);
    }
    free(p->items);
    *p = (struct placeholders){ 0 };
}

char *placeholders_fill(const char *text, const char *const *values, size_t count)
{
    size_t room = strlen(text) + 1;
    for (size_t i = 0; i < count; i++)
        room += strlen(values[i]);
    struct buf out = BUF_INIT(room);
    size_t used = 0;
    for (const char *at = text; *at;) {
        if (*at != '$') {
            size_t len = strcspn(at, "$");
            buf_add(&out, at, len);
            at += len;
            continue;
        }
        size_t len = plain_length(at);
        switch (dollar_at(at)) {
        case DOLLAR_ESCAPED:
            buf_adds(&out, "$");
            at += 2;
            break;
        case DOLLAR_PLAIN:
            buf_add(&out, at, len);
            at += len;
            break;
        case DOLLAR_PLACEHOLDER:
            buf_adds(&out, values[used++]);
            at = strchr(at, '}') + 1;
            break;
        }
    }
    return buf_steal(&out, NULL);
}
