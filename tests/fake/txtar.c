#include "fake/txtar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "fake/check.h"

/* The name in "-- name --"; NULL for any other line. */
static char *name_of(const char *line, size_t len)
{
    if (len < 7 || strncmp(line, "-- ", 3) != 0 || strncmp(line + len - 3, " --", 3) != 0)
        return NULL;
    return xstrndup(line + 3, len - 6);
}

void txtar_read(const char *path, struct txtar *out)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO(buf) part = BUF_INIT(LIMIT_MANIFEST);
    check_ok(fs_read(AT_FDCWD, path, LIMIT_MANIFEST, &text));
    *out = (struct txtar){ 0 };
    for (const char *at = buf_text(&text), *end = at + text.len; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
        char *name = name_of(at, len);
        if (name) {
            if (out->names.count)
                strv_add(&out->texts, buf_text(&part));
            else
                out->script = xstrdup(buf_text(&part));
            buf_truncate(&part, 0);
            strv_add_take(&out->names, name);
        } else {
            buf_add(&part, at, len + (newline != NULL));
        }
        at += len + (newline != NULL);
    }
    if (out->names.count)
        strv_add(&out->texts, buf_text(&part));
    else
        out->script = xstrdup(buf_text(&part));
}

static void make_parent(const char *path)
{
    AUTO_STR parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
    check_ok(fs_make_dirs(parent, 0755));
}

void txtar_unpack(const struct txtar *t, const char *dir)
{
    for (size_t i = 0; i < t->names.count; i++) {
        const char *arrow = strstr(t->names.items[i], " -> ");
        AUTO_STR name =
            xstrndup(t->names.items[i], arrow ? (size_t)(arrow - t->names.items[i]) : strlen(t->names.items[i]));
        AUTO_STR path = fs_join(dir, name);
        make_parent(path);
        if (arrow)
            assert_int_equal(symlink(arrow + 4, path), 0);
        else if (name[strlen(name) - 1] != '/')
            scratch_write(dir, name, t->texts.items[i]);
    }
}

void txtar_release(struct txtar *t)
{
    free(t->script);
    strv_release(&t->names);
    strv_release(&t->texts);
    *t = (struct txtar){ 0 };
}

void txtar_each(const char *dir, size_t least, void (*run)(const char *path, const struct txtar *t))
{
    AUTO(strv) names = { 0 };
    size_t count = 0;
    check_ok(fs_list(AT_FDCWD, dir, &names));
    for (size_t i = 0; i < names.count; i++) {
        if (!str_ends(names.items[i], ".txtar"))
            continue;
        AUTO_STR path = fs_join(dir, names.items[i]);
        AUTO(txtar) t = { 0 };
        txtar_read(path, &t);
        run(path, &t);
        count++;
    }
    assert_true(count >= least);
}

void txtar_replay(const char *path, const struct txtar *t, void (*run)(void *ctx, const char *command, struct buf *out),
                  void *ctx)
{
    AUTO(buf) got = BUF_INIT(LIMIT_MANIFEST);
    size_t commands = 0;
    for (const char *at = t->script; *at;) {
        size_t len = strcspn(at, "\n");
        if (str_starts(at, "> ")) {
            AUTO_STR command = xstrndup(at + 2, len - 2);
            buf_addf(&got, "> %s\n", command);
            run(ctx, command, &got);
            commands++;
        } else if (*at == '#') {
            buf_add(&got, at, len);
            buf_adds(&got, "\n");
        }
        at += len + (at[len] == '\n');
    }
    bool same = commands && strcmp(buf_text(&got), t->script) == 0;
    if (!same) /* cmocka's own messages end at 1024 bytes */
        fprintf(stderr, "%s wants\n%s-- got --\n%s-- end --\n", path, t->script, buf_text(&got));
    assert_true(same);
}
