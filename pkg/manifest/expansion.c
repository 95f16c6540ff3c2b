#include "manifest/expansion.h"

#include <string.h>

#include "base/strv.h"

/* at: the "$" of "$(NAME)"; close: its ")". */
static void add_value(struct strv *parts, const char *at, const char *close,
                      const char *(*value)(void *ctx, const char *name), void *ctx)
{
    AUTO_STR name = xstrndup(at + 2, (size_t)(close - at - 2));
    const char *text = value(ctx, name);
    if (text)
        strv_add(parts, text);
    else
        strv_add_take(parts, xstrndup(at, (size_t)(close - at + 1)));
}

char *expansion_fill(const char *text, const char *(*value)(void *ctx, const char *name), void *ctx)
{
    AUTO(strv) parts = { 0 };
    while (*text) {
        size_t plain = strcspn(text, "$");
        const char *at = text + plain, *close = *at && at[1] == '(' ? strchr(at, ')') : NULL;
        strv_add_take(&parts, xstrndup(text, plain));
        if (close) {
            add_value(&parts, at, close, value, ctx);
            text = close + 1;
        } else if (*at) {
            strv_add(&parts, "$");
            text = at + (at[1] == '$' ? 2 : 1);
        } else {
            text = at;
        }
    }
    return strv_join(&parts, "");
}
