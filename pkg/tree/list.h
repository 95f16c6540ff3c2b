/* list: all that is in a tree, in the order in which a layer names it. Used within tree only. */
#ifndef TREE_LIST_H
#define TREE_LIST_H

#include <sys/stat.h>

#include "base/err.h"

struct tree_entry {
    char *path; /* below the root, without a slash in front; "." is the root */
    struct stat st;
    char *link; /* of a symbolic link; else NULL */
};

struct tree_list {
    const char *root; /* borrowed */
    struct tree_entry *items;
    size_t count;
    size_t room;
};

/* tree_list_read: links are not followed, sockets are left out. A directory comes before what is in it. */
struct err *tree_list_read(const char *root, struct tree_list *out) MUST_USE;
void tree_list_release(struct tree_list *l);

/* tree_path_order: the order of the items: below 0 when a comes first. */
int tree_path_order(const char *a, const char *b);

/* tree_find: the item's index, or SIZE_MAX. */
size_t tree_find(const struct tree_list *l, const char *path);

/* tree_is_below: path is in the directory, at whatever depth. */
bool tree_is_below(const char *path, const char *directory);

#endif
