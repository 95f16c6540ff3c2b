/* archive: the tar that imports are given, entry by entry; each entry goes to those of the import's
 * targets that do not pass it by. Used within node only. */
#ifndef NODE_ARCHIVE_H
#define NODE_ARCHIVE_H

#include "node/import.h"

struct archive_writer;

struct err *archive_writer_new(struct import *im, struct archive_writer **out) MUST_USE; /* im is borrowed */
void archive_writer_free(struct archive_writer *a);
DEFINE_FREEP(archive_writer)

/* archive_begin, archive_begin_blob: an entry of that size; the one before has to be complete. */
struct err *archive_begin(struct archive_writer *a, const char *name, uint64_t size) MUST_USE;
struct err *archive_begin_blob(struct archive_writer *a, const char *digest, uint64_t size) MUST_USE;
struct err *archive_add(struct archive_writer *a, const void *bytes, size_t len) MUST_USE; /* of this entry */

struct err *archive_add_text(struct archive_writer *a, const char *name, const char *text) MUST_USE;
struct err *archive_finish(struct archive_writer *a) MUST_USE;

#endif
