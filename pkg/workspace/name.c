#include "workspace/name.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"

static bool is_joint(char c)
{
    return c == '_' || c == '.' || c == '-' || c == ' ';
}

char *name_normal(const char *name)
{
    struct buf out = BUF_INIT(strlen(name) + 1);
    for (const char *at = name; *at; at++) {
        char c = is_joint(*at) ? '-' : (char)tolower((unsigned char)*at);
        if (c != '-' || out.len == 0 || out.bytes[out.len - 1] != '-')
            buf_add(&out, &c, 1);
    }
    return out.len ? buf_steal(&out, NULL) : xstrdup("");
}

bool name_equal(const char *a, const char *b)
{
    if (!a || !b)
        return false;
    AUTO_STR normal_a = name_normal(a);
    AUTO_STR normal_b = name_normal(b);
    return strcmp(normal_a, normal_b) == 0;
}

char *image_base(const char *reference)
{
    const char *slash = strrchr(reference, '/');
    const char *base = slash ? slash + 1 : reference;
    return xstrndup(base, strcspn(base, ":@"));
}

bool name_is_dns1123(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > 253)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool word = islower((unsigned char)name[i]) || isdigit((unsigned char)name[i]);
        bool edge = i == 0 || i + 1 == len || name[i - 1] == '.' || name[i + 1] == '.';
        if (!word && (edge || (name[i] != '-' && name[i] != '.')))
            return false;
    }
    return true;
}
