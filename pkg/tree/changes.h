/* changes: what of a tree has to be in a layer on top of another one. Used within tree only. */
#ifndef TREE_CHANGES_H
#define TREE_CHANGES_H

#include <stdint.h>

#include "base/strv.h"
#include "tree/list.h"

struct tree_changes {
    bool *carried;       /* for each item of the new tree */
    size_t *leaders;     /* of the new tree, tree_links_find */
    struct strv removed; /* paths of the old tree, the uppermost of what is gone */
    uint64_t bytes_read;
};

/* tree_changes_find: reads files with that many threads. RW9001_FILE. */
struct err *tree_changes_find(const struct tree_list *old, const struct tree_list *new, size_t threads,
                              struct tree_changes *out) MUST_USE;
void tree_changes_release(struct tree_changes *c);

#endif
