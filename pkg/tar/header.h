/* header: one block of a tar taken apart, strictly. Used within tar only.
 *
 * What containerd reads next from the same stream is read by Go's archive/tar, so whatever the two
 * could take differently is refused: CVE-2025-62518 is what happens else. Hence no libarchive
 * here: 3.6 takes a size that is no number, sizes of sparse files and a cut stream for good. */
#ifndef TAR_HEADER_H
#define TAR_HEADER_H

#include <stdint.h>

#include "base/mem.h"
#include "tar/tar.h"

enum { TAR_BLOCK = 512, TAR_HEADER_NAME = 155 + 1 + 100 + 1 };

enum header_type { HEADER_ENTRY, HEADER_PAX, HEADER_LONG_NAME, HEADER_LONG_LINK };

struct header {
    enum header_type type;
    enum tar_kind kind;         /* of a HEADER_ENTRY */
    uint64_t size;              /* of what follows, before padding */
    char name[TAR_HEADER_NAME]; /* with ustar's prefix */
    char link[100 + 1];
};

/* What pax records and GNU's long names say about the entry that follows. */
struct header_extra {
    char *name; /* NULL if not said; these two owned */
    char *link;
    uint64_t size;
    bool has_size;
    bool is_pax; /* a pax header was there */
};
void header_extra_release(struct header_extra *x);

/* header_parse: the answer is NULL, or why the block is refused. */
const char *header_parse(const char block[TAR_BLOCK], struct header *out) MUST_USE;

/* header_parse_pax: the records of a pax header, "LENGTH KEY=VALUE\n" each. */
const char *header_parse_pax(const char *records, size_t len, struct header_extra *x) MUST_USE;

#endif
