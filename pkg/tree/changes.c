#include "tree/changes.h"

#include <stdlib.h>
#include <string.h>

#include "tree/compare.h"
#include "tree/links.h"

static const char BYTECODE_FOLDER[] = "__pycache__/";

struct finding {
    const struct tree_list *old;
    const struct tree_list *new;
    size_t *partner; /* for each new item, the old one of that path; SIZE_MAX: none */
    struct tree_pair *pairs;
    size_t pair_count;
    struct tree_changes *changes;
};

static void finding_release(struct finding *f)
{
    free(f->partner);
    free(f->pairs);
}

void tree_changes_release(struct tree_changes *c)
{
    free(c->carried);
    free(c->leaders);
    strv_release(&c->removed);
    *c = (struct tree_changes){ 0 };
}

/* Paths. */

static void match(struct finding *f)
{
    for (size_t i = 0, j = 0; i < f->new->count; i++) {
        int order = 1;
        while (j < f->old->count && (order = tree_path_order(f->old->items[j].path, f->new->items[i].path)) < 0)
            j++;
        f->partner[i] = j < f->old->count && order == 0 ? j : SIZE_MAX;
    }
}

/* Something takes the place of the directory that the path was in, or of one above it, or it is gone. */
static bool goes_with_parent(const struct finding *f, const char *path)
{
    AUTO_STR parent = xstrdup(path);
    char *slash = strrchr(parent, '/');
    if (!slash)
        return false;
    *slash = '\0';
    size_t at = tree_find(f->new, parent);
    return at == SIZE_MAX || !S_ISDIR(f->new->items[at].st.st_mode);
}

static void find_removed(struct finding *f)
{
    for (size_t j = 0; j < f->old->count; j++) {
        const char *path = f->old->items[j].path;
        if (tree_find(f->new, path) == SIZE_MAX && !goes_with_parent(f, path))
            strv_add(&f->changes->removed, path);
    }
}

/* Without reading. */

static bool looks_alike(const struct tree_entry *a, const struct tree_entry *b)
{
    mode_t kind = a->st.st_mode & S_IFMT;
    if (a->st.st_mode != b->st.st_mode || a->st.st_uid != b->st.st_uid || a->st.st_gid != b->st.st_gid)
        return false;
    if (kind == S_IFREG)
        return a->st.st_size == b->st.st_size;
    if (kind == S_IFLNK)
        return str_eq(a->link, b->link);
    return (kind != S_IFCHR && kind != S_IFBLK) || a->st.st_rdev == b->st.st_rdev;
}

static void look(struct finding *f)
{
    for (size_t i = 0; i < f->new->count; i++) {
        const struct tree_entry *new = &f->new->items[i];
        const struct tree_entry *old = f->partner[i] == SIZE_MAX ? NULL : &f->old->items[f->partner[i]];
        if (!old || !looks_alike(old, new))
            f->changes->carried[i] = true;
        else if (S_ISREG(new->st.st_mode) && !tree_is_same_file(&old->st, &new->st))
            f->pairs[f->pair_count++] = (struct tree_pair){ old, new, false };
    }
}

static struct err *read_pairs(struct finding *f, size_t threads)
{
    TRY(tree_compare(f->old->root, f->new->root, f->pairs, f->pair_count, threads, &f->changes->bytes_read));
    for (size_t i = 0; i < f->pair_count; i++)
        if (f->pairs[i].differs)
            f->changes->carried[f->pairs[i].new - f->new->items] = true;
    return NULL;
}

/* Bytecode. */

/* The path of the source: "a/__pycache__/b.cpython-312.pyc" is made of "a/b.py"; owned, NULL for what
 * is no bytecode (PEP 3147). */
static char *source_of(const char *path)
{
    if (!str_ends(path, ".pyc"))
        return NULL;
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    size_t folder = (size_t)(name - path), stem = strcspn(name, "."), in = strlen(BYTECODE_FOLDER);
    if (folder >= in && strncmp(name - in, BYTECODE_FOLDER, in) == 0)
        folder -= in;
    return xasprintf("%.*s%.*s.py", (int)folder, path, (int)stem, name);
}

static void carry_sources(struct finding *f)
{
    for (size_t i = 0; i < f->new->count; i++) {
        AUTO_STR source = f->changes->carried[i] ? source_of(f->new->items[i].path) : NULL;
        size_t at = source ? tree_find(f->new, source) : SIZE_MAX;
        if (at == SIZE_MAX || f->partner[at] == SIZE_MAX)
            continue;
        if (f->new->items[at].st.st_mtim.tv_sec != f->old->items[f->partner[at]].st.st_mtim.tv_sec)
            f->changes->carried[at] = true;
    }
}

/* Hard links. */

/* A name that is another file than before among those that share one. */
static void carry_relinked(struct finding *f, const size_t *old_leaders, const size_t *new_leaders)
{
    for (size_t i = 0; i < f->new->count; i++) {
        size_t old = f->partner[i];
        if (old == SIZE_MAX)
            continue;
        const char *before = f->old->items[old_leaders[old]].path, *now = f->new->items[new_leaders[i]].path;
        if (strcmp(before, now) != 0)
            f->changes->carried[i] = true;
    }
}

/* A layer links only to what it holds itself, so all names of a file travel or none. */
static void carry_groups(struct finding *f, const size_t *leaders)
{
    for (size_t i = 0; i < f->new->count; i++)
        if (f->changes->carried[i])
            f->changes->carried[leaders[i]] = true;
    for (size_t i = 0; i < f->new->count; i++)
        if (f->changes->carried[leaders[i]])
            f->changes->carried[i] = true;
}

static void carry_links(struct finding *f)
{
    size_t *old_leaders = tree_links_find(f->old);
    f->changes->leaders = tree_links_find(f->new);
    carry_relinked(f, old_leaders, f->changes->leaders);
    carry_groups(f, f->changes->leaders);
    free(old_leaders);
}

/* Directories: where one is missing in a layer, the engine makes one up (moby UnpackLayer: mode 0600). */

static void carry_parents(struct finding *f, const char *path)
{
    AUTO_STR parent = xstrdup(path);
    for (char *slash; (slash = strrchr(parent, '/'));) {
        *slash = '\0';
        size_t at = tree_find(f->new, parent);
        if (at != SIZE_MAX)
            f->changes->carried[at] = true;
    }
}

static void carry_all_parents(struct finding *f)
{
    for (size_t i = 0; i < f->new->count; i++)
        if (f->changes->carried[i])
            carry_parents(f, f->new->items[i].path);
    for (size_t i = 0; i < f->changes->removed.count; i++)
        carry_parents(f, f->changes->removed.items[i]);
}

struct err *tree_changes_find(const struct tree_list *old, const struct tree_list *new, size_t threads,
                              struct tree_changes *out)
{
    AUTO(tree_changes) changes = { .carried = xcalloc(new->count + 1, sizeof *changes.carried) };
    AUTO(finding)
    f = { .old = old,
          .new = new,
          .partner = xcalloc(new->count + 1, sizeof *f.partner),
          .pairs = xcalloc(new->count + 1, sizeof *f.pairs),
          .changes = &changes };
    match(&f);
    find_removed(&f);
    look(&f);
    TRY(read_pairs(&f, threads));
    carry_sources(&f);
    carry_links(&f);
    carry_all_parents(&f);
    *out = changes;
    changes = (struct tree_changes){ 0 };
    return NULL;
}
