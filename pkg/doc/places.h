/* places: where each value and key of a document was written. Used within doc only.
 *
 * A place is found by the hash of its JSON pointer, made segment by segment while the document is
 * read, so that 2 million places need 32 MB and no text. Two pointers that share 64 bits would
 * give a wrong line in a message, nothing worse. */
#ifndef DOC_PLACES_H
#define DOC_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct doc_places;

/* The hash of "", and of a segment below a hash. */
uint64_t places_root(void);
uint64_t places_below(uint64_t hash, const char *segment);
uint64_t places_below_index(uint64_t hash, size_t index);

struct doc_places *places_new(void) MUST_USE;
void places_free(struct doc_places *p);

/* line and column: 1-based. */
void places_add_value(struct doc_places *p, uint64_t hash, size_t line, size_t column);
void places_add_key(struct doc_places *p, uint64_t hash, size_t line, size_t column);
void places_close(struct doc_places *p); /* after the last add, before the first find */

bool places_find_value(const struct doc_places *p, uint64_t hash, size_t *line, size_t *column);
bool places_find_key(const struct doc_places *p, uint64_t hash, size_t *line, size_t *column);

#endif
