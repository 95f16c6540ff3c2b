#include "tree/list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

static void add(struct tree_list *l, char *path_steal, const struct stat *st, char *link_steal)
{
    enum { FIRST_ROOM = 1024 };
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : FIRST_ROOM;
        l->items = xrealloc(l->items, l->room, sizeof *l->items);
    }
    l->items[l->count++] = (struct tree_entry){ path_steal, *st, link_steal };
}

static struct err *add_children(struct tree_list *l, int root_fd, const char *directory);

static struct err *add_path(struct tree_list *l, int root_fd, const char *path)
{
    struct stat st;
    char *target = NULL;
    TRY(fs_stat(root_fd, path, false, &st));
    if (S_ISSOCK(st.st_mode))
        return NULL;
    if (S_ISLNK(st.st_mode))
        TRY(fs_link_target(root_fd, path, &target));
    add(l, xstrdup(path), &st, target);
    return S_ISDIR(st.st_mode) ? add_children(l, root_fd, path) : NULL;
}

static struct err *add_children(struct tree_list *l, int root_fd, const char *directory)
{
    AUTO(strv) names = { 0 };
    bool is_root = strcmp(directory, ".") == 0;
    TRY(fs_list(root_fd, directory, &names));
    for (size_t i = 0; i < names.count; i++) {
        AUTO_STR path = is_root ? xstrdup(names.items[i]) : fs_join(directory, names.items[i]);
        TRY(add_path(l, root_fd, path));
    }
    return NULL;
}

struct err *tree_list_read(const char *root, struct tree_list *out)
{
    AUTO_FD fd = -1;
    AUTO(tree_list) l = { .root = root };
    TRY(fs_open(AT_FDCWD, root, O_RDONLY | O_DIRECTORY, &fd));
    TRY(add_path(&l, fd, "."));
    *out = l;
    l = (struct tree_list){ 0 };
    return NULL;
}

void tree_list_release(struct tree_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->items[i].path);
        free(l->items[i].link);
    }
    free(l->items);
    *l = (struct tree_list){ 0 };
}

/* A slash comes before every character of a name, so that what is in "a" stands before "a.txt"; the
 * root, ".", comes first of all. */
static unsigned rank(char c)
{
    return c == '/' ? 1 : c ? (unsigned char)c + 1u : 0;
}

int tree_path_order(const char *a, const char *b)
{
    a += strcmp(a, ".") == 0;
    b += strcmp(b, ".") == 0;
    while (*a && *a == *b)
        a++, b++;
    return (int)rank(*a) - (int)rank(*b);
}

static int by_path(const void *key, const void *item)
{
    return tree_path_order(key, ((const struct tree_entry *)item)->path);
}

size_t tree_find(const struct tree_list *l, const char *path)
{
    const struct tree_entry *found = bsearch(path, l->items, l->count, sizeof *l->items, by_path);
    return found ? (size_t)(found - l->items) : SIZE_MAX;
}

bool tree_is_below(const char *path, const char *directory)
{
    size_t len = strlen(directory);
    return strncmp(path, directory, len) == 0 && path[len] == '/';
}
