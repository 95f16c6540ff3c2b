#include "workspace/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"

struct wanted {
    const struct workspace *workspace;
    const char *own; /* the service's folder; NULL without */
    int64_t line;
    const char *source;
};

/* Of the text the line with this number, trimmed; false: there is none. */
static bool find_line(const char *text, size_t len, int64_t number, const char **at, size_t *out_len)
{
    const char *end = text + len;
    for (; number > 1 && text < end; number--) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        text = newline ? newline + 1 : end;
    }
    if (text >= end)
        return false;
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    end = newline ? newline : end;
    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    while (end > text && strchr(" \t\r", end[-1]))
        end--;
    *at = text;
    *out_len = (size_t)(end - text);
    return true;
}

static bool has_line(const struct wanted *want, const char *file)
{
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    struct err *e = fs_read_beneath(want->workspace->root_fd, file, LIMIT_CONFIG, &text);
    const char *line;
    size_t len;
    bool found = !e && find_line(buf_text(&text), text.len, want->line, &line, &len);
    err_ignore(e, "what can't be read is not the file that is looked for");
    if (!found || !want->source)
        return found;
    size_t shown = strlen(want->source);
    return len >= shown && memcmp(line, want->source, shown) == 0;
}

static void add_base(struct strv *bases, const char *base)
{
    if (base && !strpbrk(base, "*?[") && !strv_has(bases, base))
        strv_add(bases, base);
}

static bool builds(const struct workspace_dockerfile *d, const struct service *s)
{
    bool known = false;
    for (size_t i = 0; i < s->image_count; i++) {
        known = known || s->images[i].dockerfile;
        if (str_eq(s->images[i].dockerfile, d->path))
            return true;
    }
    return !known && (!d->stem || str_eq(d->stem, s->name));
}

/* Folders whose files may have got into the image, the service's own first. */
static void list_bases(const struct workspace *w, const struct service *s, struct strv *bases)
{
    add_base(bases, s->source_dir);
    add_base(bases, ".");
    for (size_t i = 0; i < s->image_count; i++)
        add_base(bases, s->images[i].context);
    for (size_t i = 0; i < w->dockerfile_count; i++) {
        const struct strv *sources = &w->dockerfiles[i].file.sources;
        for (size_t j = 0; j < sources->count && builds(&w->dockerfiles[i], s); j++)
            add_base(bases, sources->items[j]);
    }
}

static bool is_own(const struct wanted *want, const char *file)
{
    return want->own && str_starts(file, want->own) && file[strlen(want->own)] == '/';
}

/* The file with this end below one of the bases. */
static char *find_end(const struct wanted *want, const struct strv *bases, const char *end)
{
    char *found = NULL;
    for (size_t i = 0; i < bases->count; i++) {
        bool at_root = strcmp(bases->items[i], ".") == 0;
        AUTO_STR file = at_root ? xstrdup(end) : fs_join(bases->items[i], end);
        if (str_eq(file, found) || !has_line(want, file))
            continue;
        if (is_own(want, file)) {
            free(found);
            return STEAL(&file);
        }
        if (found) {
            free(found);
            return NULL;
        }
        found = STEAL(&file);
    }
    return found;
}

char *workspace_source(const struct workspace *w, const struct service *s, const char *path, int64_t line,
                       const char *source)
{
    const struct wanted want = { w, s->source_dir, line, source };
    AUTO(strv) bases = { 0 };
    list_bases(w, s, &bases);
    char *found = NULL;
    const char *end = path[0] == '/' ? path + 1 : path;
    while (end && *end && !found) {
        found = find_end(&want, &bases, end);
        end = strchr(end, '/');
        end = end ? end + 1 : NULL;
    }
    return found;
}
