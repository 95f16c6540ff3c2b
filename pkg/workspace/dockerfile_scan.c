/* Discovery, section 2: which Dockerfiles there are, and which source directories. */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/path.h"
#include "workspace/discover.h"
#include "workspace/layout.h"

enum { SCAN_DEPTH = 16, WORKTREE_BYTES = 4096 };

/* The stem of a Dockerfile's name; false for any other file. *stem NULL: it has none. */
static bool read_stem(const char *dir, const char *name, char **stem)
{
    static const char word[] = "dockerfile";
    size_t len = strlen(name), word_len = sizeof word - 1;
    if (strcasecmp(name, word) == 0) {
        const char *base = fs_base(dir);
        bool none = strcmp(dir, ".") == 0 || strcasecmp(base, "docker") == 0;
        *stem = none ? NULL : xstrdup(base);
        return true;
    }
    if (str_ends(name, ".dockerignore"))
        return false;
    if (len > word_len + 1 && strncasecmp(name, word, word_len) == 0 && name[word_len] == '.') {
        *stem = xstrdup(name + word_len + 1);
        return true;
    }
    if (len > word_len + 1 && strcasecmp(name + len - word_len, word) == 0 && name[len - word_len - 1] == '.') {
        *stem = xstrndup(name, len - word_len - 1);
        return true;
    }
    return false;
}

/* Dockerfile.<stem> is also the form of dockerfile.py, the source of a program: only what reads
 * as a Dockerfile is one. */
static bool may_be_source(const char *name)
{
    return str_starts(name, "dockerfile.");
}

static void add_dockerfile(struct workspace *w, const char *path, char *stem_steal)
{
    struct dockerfile file = { 0 };
    struct err *e = dockerfile_load(w->root_fd, path, &(struct strv){ 0 }, &file);
    if (e && may_be_source(fs_base(path))) {
        err_ignore(e, "a program's source is no Dockerfile");
        free(stem_steal);
        return;
    }
    w->dockerfiles = xrealloc(w->dockerfiles, w->dockerfile_count + 1, sizeof *w->dockerfiles);
    struct workspace_dockerfile *d = &w->dockerfiles[w->dockerfile_count++];
    *d = (struct workspace_dockerfile){ .path = xstrdup(path), .stem = stem_steal, .file = file };
    if (e)
        strv_addf(&w->notices, "%s can't be read: %s", path, err_get_message(e));
    err_free(e);
}

bool is_left_out(const struct workspace *w, const char *path)
{
    for (size_t i = 0; i < w->config.ignore.count; i++)
        if (path_is_below(path, w->config.ignore.items[i]))
            return true;
    return false;
}

/* Another checkout of this very repository (git worktree add): its .git is a file that says so. */
static bool is_worktree(const struct workspace *w, const char *dir)
{
    AUTO_STR path = path_join(dir, ".git");
    AUTO(buf) text = BUF_INIT(WORKTREE_BYTES);
    struct err *e = fs_is_dir(w->root_fd, path) ? NULL : fs_read_beneath(w->root_fd, path, WORKTREE_BYTES, &text);
    err_ignore(e, "most directories have none");
    return strstr(buf_text(&text), "/worktrees/") != NULL;
}

static void scan(struct workspace *w, const char *dir, size_t depth);

static void scan_entry(struct workspace *w, const char *dir, const char *name, size_t depth)
{
    AUTO_STR path = path_join(dir, name);
    char *stem = NULL;
    struct stat st;
    struct err *e = fs_stat(w->root_fd, path, false, &st);
    if (e) {
        err_ignore(e, "what is gone or may not be looked at holds no Dockerfile for us");
        return;
    }
    if (is_left_out(w, path))
        return;
    if (S_ISDIR(st.st_mode)) {
        if (!layout_is_unscanned(name) && !is_worktree(w, path))
            scan(w, path, depth + 1);
    } else if (read_stem(dir, name, &stem)) {
        add_dockerfile(w, path, stem);
    }
}

static void scan(struct workspace *w, const char *dir, size_t depth)
{
    AUTO(strv) names = { 0 };
    if (depth > SCAN_DEPTH)
        return;
    struct err *e = fs_list(w->root_fd, dir, &names);
    if (e)
        strv_addf(&w->notices, "%s was passed over: %s", dir, err_get_message(e));
    err_free(e);
    for (size_t i = 0; i < names.count; i++)
        scan_entry(w, dir, names.items[i], depth);
}

static void find_source_dirs(struct workspace *w, const char *dir)
{
    AUTO(strv) names = { 0 };
    struct err *e = fs_list(w->root_fd, dir, &names);
    if (e)
        strv_addf(&w->notices, "%s was passed over: %s", dir, err_get_message(e));
    err_free(e);
    for (size_t i = 0; i < names.count; i++) {
        AUTO_STR path = path_join(dir, names.items[i]);
        bool named = names.items[i][0] != '.' && !layout_is_unscanned(names.items[i]) && !is_left_out(w, path);
        if (named && fs_is_dir(w->root_fd, path))
            strv_add(&w->source_dirs, path);
    }
}

void scan_dockerfiles(struct workspace *w)
{
    AUTO(strv) names = { 0 };
    scan(w, ".", 0);
    err_ignore(fs_list(w->root_fd, ".", &names), "the scan has just told");
    for (size_t i = 0; i < names.count; i++)
        if (layout_is_sources(names.items[i]) && fs_is_dir(w->root_fd, names.items[i]))
            find_source_dirs(w, names.items[i]);
}
