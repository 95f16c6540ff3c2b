/* compare: whether two files that look alike are alike. Used within tree only. */
#ifndef TREE_COMPARE_H
#define TREE_COMPARE_H

#include <stdint.h>

#include "base/buf.h"
#include "tree/list.h"

struct tree_pair { /* of regular files of one size */
    const struct tree_entry *old;
    const struct tree_entry *new;
    bool differs; /* the answer */
};

/* tree_is_same_file: both are one and the same file of a layer that both images have: same inode, not
 * touched in between. */
bool tree_is_same_file(const struct stat *a, const struct stat *b);

/* tree_compare: content and capability of each pair, read side by side. RW9001_FILE. */
struct err *tree_compare(const char *old_root, const char *new_root, struct tree_pair *pairs, size_t count,
                         size_t threads, uint64_t *bytes_read) MUST_USE;

/* tree_capability: the bytes of security.capability; empty: none. */
struct err *tree_capability(const char *root, const char *path, struct buf *out) MUST_USE;

#endif
