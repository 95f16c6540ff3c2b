#include "tree/links.h"

#include <stdlib.h>

struct link {
    const struct stat *st;
    size_t index;
};

static int by_inode(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->st->st_dev != y->st->st_dev)
        return x->st->st_dev < y->st->st_dev ? -1 : 1;
    if (x->st->st_ino != y->st->st_ino)
        return x->st->st_ino < y->st->st_ino ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

size_t *tree_links_find(const struct tree_list *l)
{
    struct link *links = xcalloc(l->count + 1, sizeof *links);
    size_t *leaders = xcalloc(l->count + 1, sizeof *leaders);
    size_t count = 0;
    for (size_t i = 0; i < l->count; i++) {
        leaders[i] = i;
        if (S_ISREG(l->items[i].st.st_mode) && l->items[i].st.st_nlink > 1)
            links[count++] = (struct link){ &l->items[i].st, i };
    }
    qsort(links, count, sizeof *links, by_inode);
    for (size_t i = 1; i < count; i++)
        if (links[i].st->st_dev == links[i - 1].st->st_dev && links[i].st->st_ino == links[i - 1].st->st_ino)
            leaders[links[i].index] = leaders[links[i - 1].index];
    free(links);
    return leaders;
}
