/* layer: one kustomization at work on its objects. For this package alone.
 *
 * The order is kustomize's: files and bases, generators, then the changes; a base is a layer of its
 * own, done with before its objects arrive here. */
#ifndef KUSTOMIZE_LAYER_H
#define KUSTOMIZE_LAYER_H

#include "base/buf.h"
#include "kustomize/resource.h"

/* What all layers share: everything that was read stays, since origins point into it. */
struct sources {
    int root_fd;
    struct doc_list *files;
    size_t count;
};

struct layer {
    struct sources *sources;
    const struct doc *doc;          /* the kustomization file, checked by fields.h */
    char *dir;                      /* where it lies, relative to the root */
    const struct layer *of;         /* whose base this is; NULL: the first */
    struct resource_list resources; /* what there is so far */
};

/* layer_render: everything that the kustomization says, its bases included, but what concerns the result
 * as a whole (suffixes of names, references). path: its file. Adds to *out. */
struct err *layer_render(struct sources *sources, const char *path, const struct layer *of,
                         struct resource_list *out) MUST_USE;

/* The steps, in their order. */
struct err *layer_read_resources(struct layer *l) MUST_USE; /* also bases */
struct err *layer_generate(struct layer *l) MUST_USE;
struct err *layer_patch(struct layer *l) MUST_USE;
struct err *layer_transform(struct layer *l) MUST_USE;
struct err *layer_set_images(struct layer *l) MUST_USE;

/* layer_text, layer_at: the kustomization's own value at a pointer made of fmt. */
const json_t *layer_at(const struct layer *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *layer_text(const struct layer *l, const char *fmt, ...) PRINTF_LIKE(2, 3); /* NULL: none, or empty */

/* layer_refuse: RW5002_KUSTOMIZE_UNSUPPORTED at a pointer into the kustomization. */
struct err *layer_refuse(const struct layer *l, const char *pointer, const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_USE;

/* layer_read: the file that the entry at pointer names, with its path relative to the root, owned.
 * Like kustomize, it takes files beside or below the kustomization only. RW5004_KUSTOMIZE_FILE with
 * the entry's place when there is none; where one with .sample or .example behind its name lies
 * there, it is told, with the variables that it sets. */
struct err *layer_read(const struct layer *l, const char *pointer, const char *name, struct buf *text,
                       char **path) MUST_USE;

/* sources_parse: the documents of a text of objects or patches, which kustomize reads with another YAML than
 * kubectl (doc_parse_yaml_alike). They are kept, and do not move; *out borrows them. name: for
 * messages and places. */
struct err *sources_parse(struct sources *s, const char *text, size_t len, const char *name,
                          struct doc_list *out) MUST_USE;

/* sources_kustomization: the one kustomization file of a directory, owned; NULL when there is none.
 * RW5002_KUSTOMIZE_UNSUPPORTED for several. */
struct err *sources_kustomization(const struct sources *s, const char *dir, char **out) MUST_USE;

#endif
