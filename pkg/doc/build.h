/* build: makes the trees of a YAML file out of the parser's events: keys, anchors, aliases, merge
 * keys, limits and places. Used within doc only.
 *
 * Marks are libyaml's: lines and columns from 0. */
#ifndef DOC_BUILD_H
#define DOC_BUILD_H

#include "doc/doc.h"

struct build;

struct build_mark {
    size_t line;
    size_t column;
};

struct build_scalar {
    const char *anchor; /* NULL if none */
    const char *tag;    /* NULL if none */
    const char *text;
    size_t len;
    bool plain;
};

/* build_new: file_len bounds what aliases may expand to. file_name is borrowed. alike: what scalar_differs names
 * is refused. */
struct build *build_new(const char *file_name, size_t file_len, bool alike) MUST_USE;
void build_free(struct build *b);
DEFINE_FREEP(build)

struct err *build_add_scalar(struct build *b, const struct build_scalar *scalar, struct build_mark at) MUST_USE;
struct err *build_add_alias(struct build *b, const char *anchor, struct build_mark at) MUST_USE;
struct err *build_open(struct build *b, enum doc_kind kind, const char *anchor, const char *tag,
                       struct build_mark at) MUST_USE;
struct err *build_close(struct build *b) MUST_USE;

/* build_end: the document is complete. *out gets it; root NULL when it holds nothing. */
void build_end(struct build *b, struct doc *out);

/* build_refuse: an error of this file at a mark. */
struct err *build_refuse(const struct build *b, enum err_code code, struct build_mark at, const char *fmt, ...)
    PRINTF_LIKE(4, 5) MUST_USE;

#endif
