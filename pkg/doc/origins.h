/* origins: where the parts of a tree come from that was put together out of several documents, so
 * that an error about any of them names the line somebody wrote.
 *
 * A part is known by where it hangs: a member by its object and key, a list's item by itself, so
 * that items may move. What has no entry of its own came together with what it hangs in. */
#ifndef DOC_ORIGINS_H
#define DOC_ORIGINS_H

#include "doc/doc.h"

struct doc_origins;

/* A place in a source: a pointer into a document, or a line of a file that is no document. Zeroed is
 * no place. */
struct doc_origin {
    const struct doc *doc; /* borrowed; NULL: file and line count */
    char *pointer;
    char *file;
    size_t line;
};

struct doc_origin doc_origin_of(const struct doc *d, const char *pointer);
struct doc_origin doc_origin_line(const char *file, size_t line);
struct doc_origin doc_origin_copy(const struct doc_origin *o);
void doc_origin_release(struct doc_origin *o);

/* doc_origin_where: "file:line:column", owned. */
char *doc_origin_where(const struct doc_origin *o) MUST_USE;

/* doc_origins_new: of a tree that begins as one place's. Documents have to outlive it. */
struct doc_origins *doc_origins_new(struct doc_origin root_steal) MUST_USE;
void doc_origins_free(struct doc_origins *o);
DEFINE_FREEP(doc_origins)

/* doc_origins_member, doc_origins_item: the value of this key of that object, and this item of a
 * list, come from there; what was said of them before is forgotten. The tree keeps a further owner
 * of the object, and of the item. A scalar item cannot be told from another: it keeps its list's place. */
void doc_origins_member(struct doc_origins *o, json_t *object, const char *key, struct doc_origin from_steal);
void doc_origins_item(struct doc_origins *o, json_t *item, struct doc_origin from_steal);

/* doc_origins_below: where the child of a value comes from that itself comes from `of`: the member
 * `segment` of an object, or the item of that index. */
struct doc_origin doc_origins_below(const struct doc_origins *o, const json_t *parent, const char *segment,
                                    const struct doc_origin *of);

/* doc_origins_find: where what a pointer into the tree names comes from, or its nearest ancestor. */
struct doc_origin doc_origins_find(const struct doc_origins *o, const json_t *tree, const char *pointer);

#endif
