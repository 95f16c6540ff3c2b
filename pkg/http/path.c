#include "http/path.h"

#include <string.h>

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~:@", c));
}

static void refuse(struct http_path *p, const char *why, const char *segment)
{
    if (!p->refused)
        p->refused = xasprintf("\"%.100s\" %s", segment, why);
}

static void append(struct http_path *p, const char *text, size_t len)
{
    if (!buf_append(&p->text, text, len))
        refuse(p, "makes the request's path too long", "");
}

static void append_encoded(struct http_path *p, const char *text, size_t len)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        char encoded[3] = { '%', hex[c >> 4], hex[c & 15] };
        if (is_plain(c))
            append(p, text + i, 1);
        else
            append(p, encoded, sizeof encoded);
    }
}

static const char *fault_of_segment(const char *s, size_t len)
{
    if (len == 0)
        return "is empty";
    if ((len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.'))
        return "would change the path of the request";
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '/' || s[i] == '%')
            return "holds a character that would change the path of the request";
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return "holds a control character";
    }
    return NULL;
}

static void add_segment(struct http_path *p, const char *s, size_t len)
{
    const char *fault = p->has_query ? "comes behind the query" : fault_of_segment(s, len);
    if (fault) {
        char *copy = xstrndup(s, len);
        refuse(p, fault, copy);
        str_freep(&copy);
        return;
    }
    append(p, "/", 1);
    append_encoded(p, s, len);
}

void http_path_fixed(struct http_path *p, const char *text)
{
    append(p, text, strlen(text));
}

void http_path_segment(struct http_path *p, const char *segment)
{
    add_segment(p, segment ? segment : "", segment ? strlen(segment) : 0);
}

void http_path_segments(struct http_path *p, const char *segments)
{
    const char *at = segments;
    for (;;) {
        size_t len = strcspn(at, "/");
        add_segment(p, at, len);
        if (!at[len])
            return;
        at += len + 1;
    }
}

void http_path_query(struct http_path *p, const char *key, const char *value)
{
    append(p, p->has_query ? "&" : "?", 1);
    p->has_query = true;
    append_encoded(p, key, strlen(key));
    append(p, "=", 1);
    append_encoded(p, value, strlen(value));
}

void http_path_release(struct http_path *p)
{
    buf_release(&p->text);
    str_freep(&p->refused);
}

struct err *http_path_check(const struct http_path *p)
{
    if (!p->refused)
        return NULL;
    return err_cause(err_new(RW1016_PATH_OUTSIDE, "a name cannot be used in a request"), "%s", p->refused);
}
