#include "base/path.h"

#include <string.h>

#include "base/fs.h"

/* Removes the last part of out unless there is none that ".." could undo. */
static bool step_back(struct buf *out, size_t floor)
{
    if (out->len <= floor)
        return false;
    size_t at = out->len;
    while (at > floor && out->bytes[at - 1] != '/')
        at--;
    buf_truncate(out, at > floor ? at - 1 : floor);
    return true;
}

static void add_part(struct buf *out, size_t start, const char *part, size_t len)
{
    if (out->len > start)
        buf_adds(out, "/");
    buf_add(out, part, len);
}

char *path_clean(const char *path)
{
    struct buf out = BUF_INIT(strlen(path) + 2);
    bool rooted = path[0] == '/';
    if (rooted)
        buf_adds(&out, "/");
    size_t start = out.len, floor = start;
    for (const char *part = path; *part;) {
        size_t len = strcspn(part, "/");
        if (len == 2 && strncmp(part, "..", 2) == 0) {
            if (!step_back(&out, floor) && !rooted) {
                add_part(&out, start, "..", 2);
                floor = out.len;
            }
        } else if (len && !(len == 1 && *part == '.')) {
            add_part(&out, start, part, len);
        }
        part += len + (part[len] == '/');
    }
    if (out.len == 0)
        buf_adds(&out, ".");
    return buf_steal(&out, NULL);
}

bool path_is_inside(const char *path)
{
    AUTO_STR clean = path_clean(path);
    return clean[0] != '/' && strcmp(clean, "..") != 0 && !str_starts(clean, "../");
}

bool path_is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);
    if (strcmp(dir, ".") == 0)
        return path[0] != '/';
    return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

char *path_join(const char *dir, const char *name)
{
    AUTO_STR joined = fs_join(dir, name);
    return path_clean(joined);
}

char *path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
}
