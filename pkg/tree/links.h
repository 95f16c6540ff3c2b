/* links: which names of a tree are one file. Used within tree only. */
#ifndef TREE_LINKS_H
#define TREE_LINKS_H

#include "tree/list.h"

/* tree_links_find: for each item the first one that is the same regular file, itself where there is no
 * other. Owned. */
size_t *tree_links_find(const struct tree_list *l) MUST_USE;

#endif
